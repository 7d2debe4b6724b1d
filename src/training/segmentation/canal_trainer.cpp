#include "training/segmentation/canal_trainer.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "bundle/bundle.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "levels/canal_outline_network.h"
#include "levels/canal_path.h"
#include "levels/locator_network.h"
#include "network/safetensors.h"
#include "network/state.h"
#include "network/unet.h"
#include "training/loop/training_checkpoint.h"
#include "training/loop/training_loop.h"
#include "training/segmentation/canal_augmentation.h"
#include "training/segmentation/canal_bundle.h"
#include "training/segmentation/canal_evaluation.h"
#include "training/segmentation/locator_bundle.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/thick_stack.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kWarmUpShare = 0.08;
constexpr double kWeightDecay = 1e-3;
constexpr double kClipNorm = 5;
constexpr double kAverageDecay = 0.99;
constexpr double kEdgeWeight = 3;  // a pixel on the outline counts this much more
constexpr int64_t kEdgePixels = 7;
constexpr double kDiceWeight = 0.5;
constexpr int kThickSlices = 5;     // averaged to measure on slices as thick as clinical ones
constexpr double kFarthestMm = 25;  // from a disc's edge to its canal
constexpr double kSearchMm = 7;
constexpr double kHalfDiscMm = 17;  // from a disc's centre to its posterior edge, usually

struct Batch {
  torch::Tensor input;  ///< N x 3 x H x W
  torch::Tensor canal;  ///< N x 1 x H x W, 0..1
};

Batch to_batch(const std::vector<OutlineCrop>& crops) {
  std::vector<torch::Tensor> inputs;
  std::vector<torch::Tensor> canals;
  for (const OutlineCrop& crop : crops) {
    inputs.push_back(outline_tensor(crop.input));
    canals.push_back(torch::from_blob(crop.canal.data, {1, crop.canal.rows, crop.canal.cols}, torch::kFloat32));
  }
  return {torch::stack(inputs), torch::stack(canals)};
}

/// Every crop has its own generator, seeded by its place in the run: a resumed run sees the same crops.
Batch batch_at(const std::vector<LabelledStrip>& strips, const CanalTraining& training, int iteration) {
  std::vector<OutlineCrop> crops;
  for (int place = 0; place < training.batch; ++place) {
    std::seed_seq sequence{static_cast<uint32_t>(training.seed), static_cast<uint32_t>(training.seed >> 32U),
                           static_cast<uint32_t>(iteration), static_cast<uint32_t>(place)};
    std::mt19937_64 random(sequence);
    const size_t study = std::uniform_int_distribution<size_t>(0, strips.size() - 1)(random);
    crops.push_back(augmented_outline_crop(strips[study], random));
  }
  return to_batch(crops);
}

torch::Tensor loss_of(const torch::Tensor& logits, const torch::Tensor& canal) {
  const torch::Tensor blurred =
      torch::avg_pool2d(canal, {kEdgePixels, kEdgePixels}, {1, 1}, {kEdgePixels / 2, kEdgePixels / 2});
  const torch::Tensor weights = 1 + kEdgeWeight * 4 * blurred * (1 - blurred);
  const torch::Tensor cross_entropy =
      (torch::binary_cross_entropy_with_logits(logits, canal, {}, {}, at::Reduction::None) * weights).mean();
  const torch::Tensor probability = torch::sigmoid(logits);
  const std::vector<int64_t> over = {1, 2, 3};
  const torch::Tensor dice = (2 * (probability * canal).sum(over) + 1) / (probability.sum(over) + canal.sum(over) + 1);
  return cross_entropy + kDiceWeight * (1 - dice.mean());
}

/// The network, its running average and the optimiser: all that a checkpoint holds.
struct TrainingState {
  UNet network{nullptr};
  UNet average{nullptr};
  std::unique_ptr<torch::optim::AdamW> optimizer;
  int iteration = 0;

  TrainedModules modules() { return {*network, *average, *optimizer}; }
};

fs::path record_folder(const CanalTraining& training) {
  return training.out / "training";
}

fs::path checkpoint_path(const CanalTraining& training) {
  return training.out / "checkpoint" / "checkpoint.safetensors";
}

void save(const CanalTraining& training, TrainingState& state) {
  const nlohmann::json progress = {{"iteration", state.iteration}, {"seed", training.seed}};
  save_checkpoint(checkpoint_path(training), state.modules(), {}, progress);
}

/// False where there is nothing to go on from.
bool resume(const CanalTraining& training, TrainingState& state) {
  if (!training.resume) return false;
  const auto progress = resume_checkpoint(checkpoint_path(training), training.seed, state.modules());
  if (!progress) return false;
  state.iteration = progress->at("iteration").get<int>();
  return true;
}

TrainingState fresh_state(const CanalTraining& training) {
  TrainingState state{UNet(training.network), UNet(training.network), nullptr, 0};
  const torch::Device device(training.device);
  if (!training.init.empty()) load_state(*state.network, read_safetensors(training.init), training.init.string());
  state.network->to(device);
  state.average->to(device);
  load_state(*state.average, collect_state(*state.network), "initial weights");
  state.optimizer = std::make_unique<torch::optim::AdamW>(
      state.network->parameters(), torch::optim::AdamWOptions(training.rate).weight_decay(kWeightDecay));
  return state;
}

double train_step(const CanalTraining& training, TrainingState& state, const Batch& batch, double rate) {
  const torch::Device device(training.device);
  for (auto& group : state.optimizer->param_groups()) group.options().set_lr(rate);
  torch::Tensor logits;
  {
    const MixedPrecision mixed(device.type(), training.bfloat16);
    logits = state.network->forward(batch.input.to(device)).fine;
  }
  const torch::Tensor loss = loss_of(logits.to(torch::kFloat32), batch.canal.to(device));
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw Error(ErrorKind::Failure,
                text("the loss is not finite at iteration ", state.iteration, "; the last good checkpoint is ",
                     checkpoint_path(training).string(), "; try a lower --rate"));
  }
  state.optimizer->zero_grad();
  loss.backward();
  torch::nn::utils::clip_grad_norm_(state.network->parameters(), kClipNorm);
  state.optimizer->step();
  update_average(*state.average, *state.network, state.iteration, kAverageDecay);
  return value;
}

void run(const CanalTraining& training, TrainingState& state, const std::vector<LabelledStrip>& strips, bool resumed) {
  std::ofstream log(record_folder(training) / "training_log.csv", resumed ? std::ios::app : std::ios::trunc);
  if (!resumed) log << csv_line({"iteration", "rate", "loss"});
  BatchQueue<Batch> queue(state.iteration, training.iterations,
                          [&](int iteration) { return batch_at(strips, training, iteration); });
  Progress progress("outlining", training.iterations);
  double smooth_loss = 0;
  state.network->train();
  while (state.iteration < training.iterations) {
    const double rate = rate_at(state.iteration, training.iterations, kWarmUpShare, training.rate);
    const double loss = train_step(training, state, queue.next(), rate);
    ++state.iteration;
    smooth_loss = smooth_loss == 0 ? loss : 0.95 * smooth_loss + 0.05 * loss;
    if (state.iteration % 20 == 0) log << state.iteration << ',' << rate << ',' << smooth_loss << '\n' << std::flush;
    if (state.iteration % training.checkpoint_every == 0) save(training, state);
    progress.show(state.iteration, text("loss ", std::round(smooth_loss * 1000) / 1000));
  }
}

/// The posterior edges of the five discs, as far as their labelled centres tell.
std::vector<Vector3> labelled_edges(const StudyTruth& truth) {
  std::vector<Vector3> edges;
  for (const auto& [level, centres] : truth.disc_centres_patient) {
    edges.push_back(centres[centres.size() / 2] + kHalfDiscMm * Vector3::UnitY());
  }
  return edges;
}

/// Narrowest diameter near each disc in one slice's labels; a far one where the canal is not seen.
std::vector<double> labelled_diameters_px(const cv::Mat1f& canal, const std::vector<cv::Point2d>& edges_px) {
  const cv::Mat inside = canal > kOutlineLevel;
  const CanalPath path = trace_canal(inside);
  std::vector<double> diameters;
  for (const cv::Point2d& edge : edges_px) {
    const auto at = nearest_on_path(path, edge, kFarthestMm / kOutlinePixelMm);
    diameters.push_back(at ? narrowest_near(path, *at, kSearchMm / kOutlinePixelMm) : kFarthestMm / kOutlinePixelMm);
  }
  return diameters;
}

LabelledStrip labelled_strip(const LabelledStudy& study, const Volume& mask, int multiple_of) {
  const std::vector<Vector3> edges = labelled_edges(study.truth);
  LabelledStrip labelled;
  labelled.study_id = study.study_id;
  labelled.strip = cut_canal_strip(study.volume, edges, multiple_of);
  labelled.canal = cut_slices(mask, labelled.strip.rect_px);
  for (const Vector3& edge : edges) labelled.disc_edges_px.push_back(labelled.strip.pixel(edge));
  double most = -1;
  for (size_t k = 0; k < labelled.canal.size(); ++k) {
    const double area = cv::sum(labelled.canal[k])[0];
    if (area > most) most = area, labelled.middle_slice = static_cast<int>(k);
  }
  labelled.diameters_px =
      labelled_diameters_px(labelled.canal[static_cast<size_t>(labelled.middle_slice)], labelled.disc_edges_px);
  return labelled;
}

struct Split {
  std::vector<LabelledStrip> trained;
  std::vector<std::string> held_out;
};

Split load_split(const CanalTraining& training, const LocatorDataset& dataset, int multiple_of) {
  Split split;
  const auto& ids = dataset.study_ids();
  Progress progress("reading studies", static_cast<int>(ids.size()));
  for (size_t k = 0; k < ids.size(); ++k) {
    if (training.folds > 0 && static_cast<int>(k) % training.folds == training.fold) {
      split.held_out.push_back(ids[k]);
    } else {
      const LabelledStudy study = dataset.load(ids[k]);
      split.trained.push_back(labelled_strip(study, dataset.canal_mask(study), multiple_of));
    }
    progress.show(static_cast<int>(k) + 1, ids[k]);
  }
  if (split.trained.empty()) {
    throw Error(ErrorKind::Usage, text("no study in ", training.data.string(), " to train on"));
  }
  return split;
}

LocatorNetwork locator_of(const CanalTraining& training) {
  const Bundle bundle = load_bundle(training.locator);
  auto module = std::dynamic_pointer_cast<UNetImpl>(bundle.network("locator").network.module);
  if (!module) {
    throw Error(ErrorKind::BundleInvalid,
                text("the locator of ", training.locator.string(), " is not of the architecture \"unet\""));
  }
  return LocatorNetwork(UNet(std::move(module)), torch::Device(training.device));
}

void append(const CanalFigures& more, CanalFigures& figures) {
  figures.levels.insert(figures.levels.end(), more.levels.begin(), more.levels.end());
  figures.recesses.insert(figures.recesses.end(), more.recesses.begin(), more.recesses.end());
}

/// Writes and tells the figures; `suffix` of the files' names.
void record(const CanalTraining& training, const CanalFigures& figures, const std::string& suffix) {
  write_figures(record_folder(training) / ("held_out" + suffix + ".csv"), figures.levels);
  write_recess_figures(record_folder(training) / ("held_out_recess" + suffix + ".csv"), figures.recesses);
  log_info(describe(summarise(figures.levels)));
  for (const Side side : {Side::Left, Side::Right}) log_info(describe(summarise(figures.recesses, side)));
}

/// On the slices as they are, and averaged to about 4.5 mm.
void measure_held_out(const CanalTraining& training, const TrainingState& state, const LocatorDataset& dataset,
                      const std::vector<std::string>& held_out) {
  if (held_out.empty()) return;
  UNet copy(training.network);
  load_state(*copy, collect_state(*state.average), "averaged weights");
  const CanalOutlineNetwork network(copy, torch::Device(training.device));
  const LocatorNetwork locator = locator_of(training);
  const auto outline = [&](const std::vector<OutlineInput>& inputs) { return network.predict(inputs); };
  CanalFigures thin;
  CanalFigures thick;
  std::vector<LevelFigure> thick_by_locator;
  for (const std::string& id : held_out) {
    LabelledStudy study = dataset.load(id);
    const Volume mask = dataset.canal_mask(study);
    append(evaluate_canal(study, mask, locator, outline, network.multiple_of()), thin);
    study.volume = thick_stack(study.volume, kThickSlices);
    append(evaluate_canal(study, thick_stack(mask, kThickSlices), locator, outline, network.multiple_of()), thick);
    const auto by_locator = evaluate_study(study, locator);
    thick_by_locator.insert(thick_by_locator.end(), by_locator.begin(), by_locator.end());
  }
  record(training, thin, "");
  log_info(text("the same of ", kThickSlices,
                " slices averaged; with the locator's diameters: ", describe(summarise(thick_by_locator))));
  record(training, thick, "_thick");
}

void write_result(const CanalTraining& training, const TrainingState& state, const std::vector<LabelledStrip>& strips) {
  CanalBundleSources sources{training.locator, training.card, {}};
  for (const fs::path& fold : training.cross_validation) {
    const auto levels = read_figures(fold / "training" / "held_out.csv");
    const auto recesses = read_recess_figures(fold / "training" / "held_out_recess.csv");
    sources.unseen.levels.insert(sources.unseen.levels.end(), levels.begin(), levels.end());
    sources.unseen.recesses.insert(sources.unseen.recesses.end(), recesses.begin(), recesses.end());
  }
  const LabelledStrip& example = strips.front();
  write_canal_bundle(training.out, training.network, collect_state(*state.average),
                     example.strip.input(example.middle_slice), sources);
  log_info(text("bundle written to ", training.out.string(), "; ", describe(summarise(sources.unseen.levels))));
  for (const Side side : {Side::Left, Side::Right}) log_info(describe(summarise(sources.unseen.recesses, side)));
}

}  // namespace

void train_canal(const CanalTraining& training) {
  fs::create_directories(record_folder(training));
  fs::create_directories(checkpoint_path(training).parent_path());
  torch::manual_seed(training.seed);
  at::set_num_threads(training.threads);
  cv::setNumThreads(1);

  const LocatorDataset dataset(training.data);
  TrainingState state = fresh_state(training);
  const Split split = load_split(training, dataset, static_cast<int>(state.network->stride()));
  log_info(text("training on ", split.trained.size(), " studies, ", split.held_out.size(), " held out"));
  const bool resumed = resume(training, state);
  if (resumed) log_info(text("resumed at iteration ", state.iteration));
  run(training, state, split.trained, resumed);
  measure_held_out(training, state, dataset, split.held_out);
  write_safetensors(record_folder(training) / "average.safetensors", collect_state(*state.average));
  if (!training.cross_validation.empty()) write_result(training, state, split.trained);
}

}  // namespace lumbargrade
