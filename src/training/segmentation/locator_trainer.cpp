#include "training/segmentation/locator_trainer.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "levels/locator_network.h"
#include "network/safetensors.h"
#include "network/state.h"
#include "network/unet.h"
#include "training/loop/training_checkpoint.h"
#include "training/loop/training_loop.h"
#include "training/segmentation/locator_augmentation.h"
#include "training/segmentation/locator_bundle.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/locator_evaluation.h"
#include "training/segmentation/locator_pseudo_labels.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

// shared/reference/locator.md, "Training".
constexpr double kWarmUpShare = 0.08;
constexpr double kWeightDecay = 1e-3;
constexpr double kClipNorm = 5;
constexpr double kAverageDecay = 0.995;
constexpr double kSpotWeight = 8;
// Ours: the canal's outline decides its diameter, and is a hundredth of all pixels.
constexpr double kCanalEdgeWeight = 3;
constexpr int64_t kCanalEdgePixels = 9;
const std::array<float, 4> kClassWeights = {0.7F, 1.5F, 1.0F, 1.0F};

/// Tensors of one batch.
struct Batch {
  torch::Tensor input;   ///< N x 1 x H x W
  torch::Tensor fine;    ///< N x 4 x H x W: background, disc, vertebra, canal; sums to 1
  torch::Tensor coarse;  ///< N x 3 x H/2 x W/2
};

void copy_into(torch::Tensor target, const cv::Mat1f& map) {
  target.copy_(torch::from_blob(map.data, {map.rows, map.cols}, torch::kFloat32));
}

Batch to_batch(const std::vector<LocatorCrop>& crops) {
  const auto n = static_cast<int64_t>(crops.size());
  Batch batch{torch::empty({n, 1, kCropRows, kCropColumns}), torch::empty({n, 4, kCropRows, kCropColumns}),
              torch::empty({n, 3, kCropRows / 2, kCropColumns / 2})};
  for (int64_t k = 0; k < n; ++k) {
    const LocatorCrop& crop = crops[static_cast<size_t>(k)];
    copy_into(batch.input[k][0], crop.input);
    for (int64_t c = 0; c < 3; ++c) copy_into(batch.fine[k][c + 1], crop.fine[static_cast<size_t>(c)]);
    for (int64_t c = 0; c < 3; ++c) copy_into(batch.coarse[k][c], crop.coarse[static_cast<size_t>(c)]);
  }
  batch.fine.select(1, 0).copy_((1 - batch.fine.narrow(1, 1, 3).sum(1)).clamp_min(0));
  return batch;
}

/// What crops are cut from. Pseudo-labelled stacks fill the second half of a batch, when there are any.
struct CropSources {
  std::vector<LabelledStack> labelled;
  std::vector<LabelledStack> pseudo;
};

/// Every crop has its own generator, seeded by its place in the run: a resumed run sees the same crops.
LocatorCrop crop_at(const CropSources& sources, uint64_t seed, int iteration, int place, int batch) {
  std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32U),
                         static_cast<uint32_t>(iteration), static_cast<uint32_t>(place)};
  std::mt19937_64 random(sequence);
  const bool is_pseudo = !sources.pseudo.empty() && place >= batch / 2;
  const std::vector<LabelledStack>& stacks = is_pseudo ? sources.pseudo : sources.labelled;
  const LabelledStack& stack = stacks[std::uniform_int_distribution<size_t>(0, stacks.size() - 1)(random)];
  const size_t slice = std::uniform_int_distribution<size_t>(0, stack.slices.size() - 1)(random);
  return augmented_crop(stack, slice, random);
}

Batch batch_at(const CropSources& sources, uint64_t seed, int iteration, int batch) {
  std::vector<LocatorCrop> crops;
  for (int place = 0; place < batch; ++place) crops.push_back(crop_at(sources, seed, iteration, place, batch));
  return to_batch(crops);
}

torch::Tensor dice(const torch::Tensor& probability, const torch::Tensor& target) {
  const std::vector<int64_t> over = {0, 2, 3};
  return (2 * (probability * target).sum(over) + 1) / (probability.sum(over) + target.sum(over) + 1);
}

/// 1 far from the canal's outline, 1 + kCanalEdgeWeight on it. N x H x W.
torch::Tensor canal_edge_weights(const torch::Tensor& fine) {
  constexpr int64_t kPadding = kCanalEdgePixels / 2;
  torch::Tensor canal = fine.narrow(1, 3, 1);
  canal = torch::avg_pool2d(canal, {kCanalEdgePixels, 1}, {1, 1}, {kPadding, 0});
  canal = torch::avg_pool2d(canal, {1, kCanalEdgePixels}, {1, 1}, {0, kPadding});
  return 1 + kCanalEdgeWeight * (4 * canal * (1 - canal)).squeeze(1);
}

torch::Tensor loss_of(const UNetOutput& output, const Batch& batch) {
  const torch::Tensor weights =
      torch::from_blob(const_cast<float*>(kClassWeights.data()), {1, 4, 1, 1}).to(batch.fine.device());
  const torch::Tensor log_fine = torch::log_softmax(output.fine.to(torch::kFloat32), 1);
  const torch::Tensor cross_entropy =
      -((log_fine * batch.fine * weights).sum(1) * canal_edge_weights(batch.fine)).mean();
  const torch::Tensor fine_dice = dice(log_fine.exp().narrow(1, 1, 3), batch.fine.narrow(1, 1, 3)).mean();
  const torch::Tensor coarse = output.coarse.to(torch::kFloat32);
  const torch::Tensor spots =
      (torch::binary_cross_entropy_with_logits(coarse, batch.coarse, {}, {}, at::Reduction::None) *
       (1 + kSpotWeight * batch.coarse))
          .mean({0, 2, 3})
          .sum();
  const torch::Tensor spot_dice = dice(torch::sigmoid(coarse), batch.coarse).mean();
  return cross_entropy + (1 - fine_dice) + spots + 0.5 * (1 - spot_dice);
}

/// The network, its running average and the optimiser: all that a checkpoint holds.
struct TrainingState {
  UNet network{nullptr};
  UNet average{nullptr};
  std::unique_ptr<torch::optim::AdamW> optimizer;
  int stage = 0;
  int iteration = 0;  ///< within the stage

  TrainedModules modules() { return {*network, *average, *optimizer}; }
};

void restart_optimizer(TrainingState& state, double rate) {
  state.optimizer = std::make_unique<torch::optim::AdamW>(state.network->parameters(),
                                                          torch::optim::AdamWOptions(rate).weight_decay(kWeightDecay));
}

fs::path record_folder(const LocatorTraining& training) {
  return training.out / "training";
}

fs::path checkpoint_folder(const LocatorTraining& training) {
  return training.out / "checkpoint";
}

fs::path checkpoint_path(const LocatorTraining& training) {
  return checkpoint_folder(training) / "checkpoint.safetensors";
}

void save(const LocatorTraining& training, TrainingState& state) {
  const nlohmann::json progress = {{"stage", state.stage}, {"iteration", state.iteration}, {"seed", training.seed}};
  save_checkpoint(checkpoint_path(training), state.modules(), {}, progress);
}

/// False where there is nothing to go on from.
bool resume(const LocatorTraining& training, TrainingState& state) {
  if (!training.resume) return false;
  const auto progress = resume_checkpoint(checkpoint_path(training), training.seed, state.modules());
  if (!progress) return false;
  state.stage = progress->at("stage").get<int>();
  state.iteration = progress->at("iteration").get<int>();
  return true;
}

/// A copy with the averaged weights, ready to look at slices.
LocatorNetwork averaged_network(const LocatorTraining& training, const TrainingState& state) {
  UNet copy(training.network);
  load_state(*copy, collect_state(*state.average), "averaged weights");
  return LocatorNetwork(copy, torch::Device(training.device));
}

class Log {
 public:
  Log(const fs::path& path, bool append) : file_(path, append ? std::ios::app : std::ios::trunc) {
    if (!append) file_ << csv_line({"stage", "iteration", "rate", "loss"});
  }
  void add(int stage, int iteration, double rate, double loss) {
    file_ << stage << ',' << iteration << ',' << rate << ',' << loss << '\n' << std::flush;
  }

 private:
  std::ofstream file_;
};

/// One pass of `iterations` steps over `sources`, from state.iteration on.
void run_stage(const LocatorTraining& training, TrainingState& state, const CropSources& sources, int iterations,
               double peak_rate, Log& log) {
  const torch::Device device(training.device);
  // Stages draw different crops.
  const uint64_t seed = training.seed + 1000003ULL * static_cast<uint64_t>(state.stage);
  BatchQueue<Batch> queue(state.iteration, iterations,
                          [&](int iteration) { return batch_at(sources, seed, iteration, training.batch); });
  Progress progress(state.stage == 0 ? "labelled" : "self-training", iterations);
  double smooth_loss = 0;
  state.network->train();
  for (; state.iteration < iterations;) {
    Batch batch = queue.next();
    batch = {batch.input.to(device), batch.fine.to(device), batch.coarse.to(device)};
    const double rate = rate_at(state.iteration, iterations, kWarmUpShare, peak_rate);
    for (auto& group : state.optimizer->param_groups()) group.options().set_lr(rate);
    UNetOutput output;
    {
      const MixedPrecision mixed(device.type(), training.bfloat16);
      output = state.network->forward(batch.input);
    }
    const torch::Tensor loss = loss_of(output, batch);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorKind::Failure,
                  text("the loss is not finite at iteration ", state.iteration, " of stage ", state.stage,
                       "; the last good checkpoint is ", checkpoint_path(training).string(), "; try a lower --rate"));
    }
    state.optimizer->zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(state.network->parameters(), kClipNorm);
    state.optimizer->step();
    update_average(*state.average, *state.network, state.iteration, kAverageDecay);
    ++state.iteration;
    smooth_loss = smooth_loss == 0 ? value : 0.95 * smooth_loss + 0.05 * value;
    if (state.iteration % 20 == 0) log.add(state.stage, state.iteration, rate, smooth_loss);
    if (state.iteration % training.checkpoint_every == 0) save(training, state);
    progress.show(state.iteration, text("loss ", std::round(smooth_loss * 1000) / 1000));
  }
}

struct Split {
  std::vector<LabelledStudy> held_out;
  CropSources sources;
};

Split load_split(const LocatorTraining& training, const LocatorDataset& dataset) {
  Split split;
  const auto& ids = dataset.study_ids();
  Progress progress("reading studies", static_cast<int>(ids.size()));
  for (size_t k = 0; k < ids.size(); ++k) {
    LabelledStudy study = dataset.load(ids[k]);
    const bool is_held_out = training.folds > 0 && static_cast<int>(k) % training.folds == training.fold;
    if (is_held_out) {
      study.stack.slices.clear();
      split.held_out.push_back(std::move(study));
    } else if (!study.stack.slices.empty()) {
      split.sources.labelled.push_back(std::move(study.stack));
    }
    progress.show(static_cast<int>(k) + 1, ids[k]);
  }
  if (split.sources.labelled.empty()) {
    throw Error(ErrorKind::Usage, text("no labelled slice in ", training.data.string(), " to train on"));
  }
  return split;
}

/// Unlabelled images of patients that are not held out.
std::vector<UnlabelledImage> training_images(const LocatorTraining& training, const Split& split) {
  std::vector<UnlabelledImage> images = load_unlabelled(training.unlabelled);
  std::erase_if(images, [&](const UnlabelledImage& image) {
    return std::any_of(split.held_out.begin(), split.held_out.end(), [&](const LabelledStudy& study) {
      return study.study_id == image.patient ||
             study.study_id == std::to_string(training.study_offset + std::atoi(image.patient.c_str()));
    });
  });
  return images;
}

void measure_held_out(const LocatorTraining& training, const TrainingState& state, const Split& split,
                      const std::string& name) {
  if (split.held_out.empty()) return;
  const LocatorNetwork network = averaged_network(training, state);
  std::vector<LevelFigure> rows;
  for (const LabelledStudy& study : split.held_out) {
    const auto of_study = evaluate_study(study, network);
    rows.insert(rows.end(), of_study.begin(), of_study.end());
  }
  write_figures(record_folder(training) / (name + ".csv"), rows);
  log_info(text(name, ": ", describe(summarise(rows))));
}

void self_train(const LocatorTraining& training, TrainingState& state, Split& split, Log& log) {
  const fs::path teacher_path = checkpoint_folder(training) / "stage1.safetensors";
  if (state.stage == 0) {
    write_safetensors(teacher_path, collect_state(*state.average));
    measure_held_out(training, state, split, "held_out_stage1");
    load_state(*state.network, collect_state(*state.average), "averaged weights");
    restart_optimizer(state, training.self_rate);
    state.stage = 1;
    state.iteration = 0;
  }
  if (state.iteration >= training.self_iterations) return;
  UNet teacher(training.network);
  load_state(*teacher, read_safetensors(teacher_path), teacher_path.string());
  split.sources.pseudo =
      pseudo_labels(training_images(training, split), LocatorNetwork(teacher, torch::Device(training.device)),
                    record_folder(training) / "pseudo_labels.csv");
  if (split.sources.pseudo.empty())
    log_warning("no unlabelled image passed the checks: self-training has nothing to learn from");
  run_stage(training, state, split.sources, training.self_iterations, training.self_rate, log);
}

/// The bundle, with figures and calibration from the fold runs.
void write_result(const LocatorTraining& training, const TrainingState& state, const Split& split) {
  LocatorBundleSources sources{training.card, {}};
  for (const fs::path& run : training.cross_validation) {
    const auto rows = read_figures(run / "training" / "held_out.csv");
    sources.unseen.insert(sources.unseen.end(), rows.begin(), rows.end());
  }
  const LabelledStack& stack = split.sources.labelled.front();
  SliceImage example;
  example.pixels = stack.slices[stack.slices.size() / 2].pixels;
  write_locator_bundle(training.out, training.network, collect_state(*state.average), example, sources);
  log_info(text("bundle written to ", training.out.string(), "; ", describe(summarise(sources.unseen))));
}

}  // namespace

void train_locator(const LocatorTraining& training) {
  fs::create_directories(record_folder(training));
  fs::create_directories(checkpoint_folder(training));
  torch::manual_seed(training.seed);
  at::set_num_threads(training.threads);
  cv::setNumThreads(1);

  Split split = load_split(training, LocatorDataset(training.data));
  log_info(text("training on ", split.sources.labelled.size(), " studies, ", split.held_out.size(), " held out"));
  TrainingState state{UNet(training.network), UNet(training.network), nullptr};
  const torch::Device device(training.device);
  if (!training.init.empty()) load_state(*state.network, read_safetensors(training.init), training.init.string());
  state.network->to(device);
  state.average->to(device);
  load_state(*state.average, collect_state(*state.network), "initial weights");
  restart_optimizer(state, training.rate);
  const bool resumed = resume(training, state);
  if (resumed) log_info(text("resumed at stage ", state.stage, ", iteration ", state.iteration));

  Log log(record_folder(training) / "training_log.csv", resumed);
  if (state.stage == 0) run_stage(training, state, split.sources, training.iterations, training.rate, log);
  if (!training.unlabelled.empty() && training.self_iterations > 0) self_train(training, state, split, log);
  measure_held_out(training, state, split, "held_out");
  write_safetensors(record_folder(training) / "average.safetensors", collect_state(*state.average));
  if (!training.cross_validation.empty()) write_result(training, state, split);
}

}  // namespace lumbargrade
