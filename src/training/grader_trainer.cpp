#include "training/grader_trainer.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>
#include <random>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "grades/crop_tensors.h"
#include "metric/cases.h"
#include "network/architecture.h"
#include "network/backbone_init.h"
#include "network/grader_network.h"
#include "network/state.h"
#include "training/crop_augmentation.h"
#include "training/progress.h"
#include "training/training_loop.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kLookBatch = 32;  // findings per forward pass without gradients
constexpr int kLogEvery = 10;   // steps
constexpr const char* kHeadBias = "head.bias";

/// One view of a batch; grey values 0..255.
struct ViewTensors {
  torch::Tensor pixels;  ///< N x S x H x W
  torch::Tensor valid;   ///< N x S
};

struct Batch {
  std::vector<ViewTensors> views;
  torch::Tensor targets;     ///< N x 3, shares of the classes
  std::vector<int> studies;  ///< by row
  bool mixed = false;        ///< rows are blends: no row is one study's
};

std::uint64_t seed_of(std::initializer_list<std::uint64_t> parts) {
  std::vector<std::uint32_t> words;
  for (const std::uint64_t part : parts) {
    words.push_back(static_cast<std::uint32_t>(part));
    words.push_back(static_cast<std::uint32_t>(part >> 32U));
  }
  std::seed_seq sequence(words.begin(), words.end());
  std::array<std::uint32_t, 2> result{};
  sequence.generate(result.begin(), result.end());
  return (static_cast<std::uint64_t>(result[0]) << 32U) | result[1];
}

ViewTensors empty_view(const CropFile& file, size_t count) {
  const auto n = static_cast<std::int64_t>(count);
  const View& view = file.view();
  return {torch::empty({n, view.slices, view.size_px, view.size_px}), torch::empty({n, view.slices})};
}

CropBuffers buffers_of(const ViewTensors& view, size_t row) {
  const auto at = static_cast<std::int64_t>(row);
  return {view.pixels[at].data_ptr<float>(), view.valid[at].data_ptr<float>()};
}

/// Blends each row with another one: the whole image (mixup, Zhang 2018) or a box of it (CutMix, Yun 2019).
void blend(Batch& batch, const AugmentationRecipe& recipe, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const double draw = uniform(random);
  if (draw >= recipe.mixup + recipe.cutmix) return;
  const auto rows = batch.targets.size(0);
  std::vector<std::int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  const torch::Tensor partner = torch::tensor(order);
  double share = uniform(random);
  for (ViewTensors& view : batch.views) {
    const torch::Tensor other = view.pixels.index_select(0, partner);
    if (draw < recipe.mixup) {
      view.pixels = share * view.pixels + (1 - share) * other;
      view.valid = torch::maximum(view.valid, view.valid.index_select(0, partner));
      continue;
    }
    const auto size = view.pixels.size(2);
    const auto side = std::clamp<std::int64_t>(std::llround(std::sqrt(1 - share) * static_cast<double>(size)), 0, size);
    const auto top = static_cast<std::int64_t>(uniform(random) * static_cast<double>(size - side + 1));
    const auto left = static_cast<std::int64_t>(uniform(random) * static_cast<double>(size - side + 1));
    const auto box = [&](const torch::Tensor& pixels) { return pixels.narrow(2, top, side).narrow(3, left, side); };
    view.pixels = view.pixels.clone();
    box(view.pixels).copy_(box(other));
    share = 1 - static_cast<double>(side * side) / static_cast<double>(size * size);
  }
  batch.targets = share * batch.targets + (1 - share) * batch.targets.index_select(0, partner);
  batch.mixed = true;
}

TensorMap network_inputs(const Batch& batch, const std::vector<View>& views, const torch::Device& device) {
  TensorMap inputs;
  for (size_t v = 0; v < views.size(); ++v) {
    add_view(inputs, views[v].name, {batch.views[v].pixels, batch.views[v].valid}, device);
  }
  return inputs;
}

/// Weighted as the challenge does: every class has a weight, the sum is divided by the weights present.
torch::Tensor weighted_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                                     const torch::Tensor& class_weights) {
  const torch::Tensor weights = (targets * class_weights).sum(1);
  const torch::Tensor losses = -(torch::log_softmax(logits, 1) * targets).sum(1);
  return (weights * losses).sum() / weights.sum();
}

/// The any-severe term of the metric over the studies of a batch: binary cross-entropy of the largest severe
/// probability of a study's levels, weighted by the largest weight among them.
torch::Tensor any_severe_loss(const torch::Tensor& logits, const Batch& batch, const torch::Tensor& class_weights) {
  const torch::Tensor severe = torch::softmax(logits, 1).select(1, 2);
  const torch::Tensor truth = batch.targets.select(1, 2).to(logits.device());
  const torch::Tensor weights = (batch.targets.to(logits.device()) * class_weights).sum(1);
  std::map<int, std::vector<std::int64_t>> rows_by_study;
  for (size_t row = 0; row < batch.studies.size(); ++row) {
    rows_by_study[batch.studies[row]].push_back(static_cast<std::int64_t>(row));
  }
  torch::Tensor loss = torch::zeros({}, logits.options()), total = torch::zeros({}, logits.options());
  for (const auto& [study, rows] : rows_by_study) {
    const torch::Tensor at = torch::tensor(rows, torch::TensorOptions().dtype(torch::kLong).device(logits.device()));
    const torch::Tensor q = severe.index_select(0, at).max().clamp(1e-6, 1 - 1e-6);
    const torch::Tensor t = truth.index_select(0, at).max();
    const torch::Tensor weight = weights.index_select(0, at).max();
    loss = loss - weight * (t * q.log() + (1 - t) * (1 - q).log());
    total = total + weight;
  }
  return loss / total;
}

struct State {
  Network network;
  Network average;
  std::unique_ptr<torch::optim::AdamW> optimizer;
  int step = 0;  ///< batches done
  double best_loss = std::numeric_limits<double>::infinity();
  int best_epoch = -1;
  TensorMap best;
};

TensorMap cloned(const TensorMap& state) {
  TensorMap copy;
  for (const auto& [name, tensor] : state) copy.emplace(name, tensor.detach().to(torch::kCPU).clone());
  return copy;
}

/// A network trained with class weights w answers p w; with log w taken off its head's bias it answers frequencies, as
/// every bundle does (`submission` puts the challenge's weights on again).
TensorMap answering_frequencies(TensorMap state, const std::array<double, kSeverityCount>& class_weights) {
  torch::Tensor bias = state.at(kHeadBias).clone();
  for (size_t c = 0; c < class_weights.size(); ++c) bias[static_cast<std::int64_t>(c)] -= std::log(class_weights[c]);
  state[kHeadBias] = bias;
  return state;
}

class FoldTrainer {
 public:
  FoldTrainer(const GraderTraining& training, const GraderData& data, size_t index, int fold,
              const std::vector<bool>& used, fs::path folder)
      : training_(training),
        recipe_(training.recipe),
        network_recipe_(training.recipe.networks[index]),
        data_(data.networks[index]),
        study_ids_(data.study_ids),
        index_(index),
        fold_(fold),
        folder_(std::move(folder)),
        device_(training.device),
        class_weights_(torch::tensor(std::vector<double>(recipe_.optimisation.class_weights.begin(),
                                                         recipe_.optimisation.class_weights.end()),
                                     torch::kFloat32)
                           .to(device_)) {
    split(data.study_ids.size(), used);
    steps_per_epoch_ = static_cast<int>((train_studies_.size() + per_batch() - 1) / per_batch());
  }

  FoldResult run() {
    fs::create_directories(folder_);
    State state = start();
    const bool resumed = training_.resume && load_checkpoint(state);
    log_.open(folder_ / "log.csv", resumed ? std::ios::app : std::ios::trunc);
    if (!resumed) log_ << csv_line({"epoch", "step", "rate", "loss", "held_out_loss"});
    const int steps = recipe_.optimisation.epochs * steps_per_epoch_;
    if (state.step < steps) train(state, steps);
    FoldResult result;
    result.state = answering_frequencies(state.best, recipe_.optimisation.class_weights);
    load_state(*state.average.module, result.state, "best weights");
    result.held_out = look(state.average);
    result.held_out_loss = state.best_loss;
    result.best_epoch = state.best_epoch;
    return result;
  }

 private:
  size_t per_batch() const { return static_cast<size_t>(recipe_.optimisation.studies_per_batch); }

  void split(size_t studies, const std::vector<bool>& used) {
    const std::vector<int> folds = folds_of_studies(studies, recipe_.folds, training_.seed);
    std::array<int, kSeverityCount> classes{};
    for (size_t k = 0; k < data_.samples.size(); ++k) {
      const GraderSample& sample = data_.samples[k];
      if (folds[static_cast<size_t>(sample.study)] == fold_) {
        held_out_.push_back(k);
      } else if (used[k]) {
        samples_by_study_[sample.study].push_back(k);
        ++classes[static_cast<size_t>(sample.severity)];
      }
    }
    for (const auto& [study, samples] : samples_by_study_) train_studies_.push_back(study);
    if (train_studies_.empty() || held_out_.empty()) {
      throw Error(ErrorKind::Usage, text("fold ", fold_, " of ", recipe_.folds, " has no labelled finding of ",
                                         condition_key(network_recipe_.condition), " to ",
                                         train_studies_.empty() ? "train on" : "measure", "; use fewer folds"));
    }
    if (std::count(classes.begin(), classes.end(), 0) > 1) {
      throw Error(ErrorKind::Usage, text("all labels of ", condition_key(network_recipe_.condition), " in fold ", fold_,
                                         " are of one class: there is nothing to learn"));
    }
  }

  Network build() const {
    return build_network("grader", network_recipe_.parameters, "the recipe", text("networks[", index_, "].parameters"));
  }

  State start() const {
    torch::manual_seed(seed_of({training_.seed, index_, static_cast<std::uint64_t>(fold_)}));
    State state{build(), build(), nullptr, 0, std::numeric_limits<double>::infinity(), -1, {}};
    if (!training_.init.empty()) load_init(state.network);
    state.network.module->to(device_);
    state.average.module->to(device_);
    load_state(*state.average.module, collect_state(*state.network.module), "initial weights");
    state.optimizer = std::make_unique<torch::optim::AdamW>(
        state.network.module->parameters(),
        torch::optim::AdamWOptions(recipe_.optimisation.rate).weight_decay(recipe_.optimisation.weight_decay));
    return state;
  }

  void load_init(const Network& network) const {
    const auto grader = std::dynamic_pointer_cast<GraderNetworkImpl>(network.module);
    load_backbone_init(*grader, read_safetensors(training_.init), training_.init.string());
  }

  /// The studies of an epoch in its own order.
  std::vector<int> order_of(int epoch) const {
    std::vector<int> order = train_studies_;
    std::mt19937_64 random(
        seed_of({training_.seed, index_, static_cast<std::uint64_t>(fold_), 1, static_cast<std::uint64_t>(epoch)}));
    std::shuffle(order.begin(), order.end(), random);
    return order;
  }

  std::vector<size_t> samples_of(int step) const {
    const std::vector<int> order = order_of(step / steps_per_epoch_);
    const size_t first = static_cast<size_t>(step % steps_per_epoch_) * per_batch();
    std::vector<size_t> samples;
    for (size_t k = first; k < std::min(first + per_batch(), order.size()); ++k) {
      const auto& of_study = samples_by_study_.at(order[k]);
      samples.insert(samples.end(), of_study.begin(), of_study.end());
    }
    return samples;
  }

  torch::Tensor targets_of(const std::vector<size_t>& samples) const {
    torch::Tensor targets = torch::zeros({static_cast<std::int64_t>(samples.size()), kSeverityCount});
    for (size_t row = 0; row < samples.size(); ++row) {
      targets[static_cast<std::int64_t>(row)][static_cast<std::int64_t>(data_.samples[samples[row]].severity)] = 1;
    }
    return targets;
  }

  /// Each crop has its own generator, seeded by its place in the run: a resumed run sees the same batches.
  Batch training_batch(int step) const {
    const std::vector<size_t> samples = samples_of(step);
    const bool canal = network_recipe_.condition == Condition::SpinalCanalStenosis;
    Batch batch;
    batch.targets = targets_of(samples);
    for (size_t v = 0; v < data_.views.size(); ++v) {
      const CropFile& file = data_.views[v];
      batch.views.push_back(empty_view(file, samples.size()));
      for (size_t row = 0; row < samples.size(); ++row) {
        std::mt19937_64 random(seed_of(
            {training_.seed, index_, static_cast<std::uint64_t>(fold_), 2, static_cast<std::uint64_t>(step), row, v}));
        copy_augmented(file, samples[row], recipe_.augmentation, canal, random, buffers_of(batch.views.back(), row));
      }
    }
    for (const size_t sample : samples) batch.studies.push_back(data_.samples[sample].study);
    std::mt19937_64 random(
        seed_of({training_.seed, index_, static_cast<std::uint64_t>(fold_), 3, static_cast<std::uint64_t>(step)}));
    blend(batch, recipe_.augmentation, random);
    return batch;
  }

  torch::Tensor loss_of(const torch::Tensor& logits, const Batch& batch) const {
    torch::Tensor loss = weighted_cross_entropy(logits, batch.targets.to(device_), class_weights_);
    const bool canal = network_recipe_.condition == Condition::SpinalCanalStenosis;
    if (canal && recipe_.optimisation.any_severe > 0 && !batch.mixed) {
      loss = loss + recipe_.optimisation.any_severe * any_severe_loss(logits, batch, class_weights_);
    }
    return loss;
  }

  double train_step(State& state, const Batch& batch) const {
    // Dropout draws from LibTorch's own generator: seeded per step, a resumed run drops the same.
    torch::manual_seed(seed_of(
        {training_.seed, index_, static_cast<std::uint64_t>(fold_), 4, static_cast<std::uint64_t>(state.step)}));
    torch::Tensor logits;
    {
      const MixedPrecision mixed(device_.type(), training_.bfloat16);
      logits = state.network.forward(network_inputs(batch, views(), device_)).at("grade");
    }
    const torch::Tensor loss = loss_of(logits.to(torch::kFloat32), batch);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) throw_not_finite(state, batch);
    (loss / recipe_.optimisation.accumulate).backward();
    ++state.step;
    if (state.step % recipe_.optimisation.accumulate == 0 || state.step % steps_per_epoch_ == 0) {
      torch::nn::utils::clip_grad_norm_(state.network.module->parameters(), recipe_.optimisation.clip_norm);
      state.optimizer->step();
      state.optimizer->zero_grad();
      update_average(*state.average.module, *state.network.module, state.step, recipe_.optimisation.average);
    }
    return value;
  }

  [[noreturn]] void throw_not_finite(const State& state, const Batch& batch) const {
    std::string studies;
    for (const int study : batch.studies) {
      const std::string& id = study_ids_[static_cast<size_t>(study)];
      if (studies.find(id) == std::string::npos) studies += (studies.empty() ? "" : ", ") + id;
    }
    throw Error(ErrorKind::Failure,
                text("the loss is not finite at step ", state.step, " of ", folder_.filename().string(),
                     ", with studies ", studies, "; the last good checkpoint is in ", folder_.string(),
                     "; try a lower rate in the recipe and --resume"));
  }

  void train(State& state, int steps) {
    Progress progress(text(grading_role(network_recipe_.condition), ", fold ", fold_), steps);
    BatchQueue<Batch> queue(state.step, steps, [this](int step) { return training_batch(step); });
    double smooth_loss = 0;
    bool checkpoint_due = false;
    while (state.step < steps) {
      const double rate = rate_at(state.step, steps, recipe_.optimisation.warm_up, recipe_.optimisation.rate);
      for (auto& group : state.optimizer->param_groups()) group.options().set_lr(rate);
      state.network.module->train();
      const double loss = train_step(state, queue.next());
      smooth_loss = smooth_loss == 0 ? loss : 0.9 * smooth_loss + 0.1 * loss;
      if (state.step % kLogEvery == 0) log_step(state.step, rate, smooth_loss, "");
      const bool stop = state.step % steps_per_epoch_ == 0 && !finish_epoch(state, rate, smooth_loss);
      if (stop) state.step = steps;
      // Not between steps of the optimiser: gradients that were gathered so far are not stored.
      const bool between = state.step % recipe_.optimisation.accumulate != 0 && state.step % steps_per_epoch_ != 0;
      checkpoint_due = checkpoint_due || state.step % training_.checkpoint_every == 0;
      if (stop || state.step == steps || (checkpoint_due && !between)) {
        save_checkpoint(state);
        checkpoint_due = false;
      }
      progress.show(state.step, text("loss ", std::round(smooth_loss * 1000) / 1000));
    }
  }

  /// Measures the averaged weights; false when training should stop.
  bool finish_epoch(State& state, double rate, double loss) {
    const int epoch = state.step / steps_per_epoch_;
    const double held_out = held_out_loss(look(state.average));
    log_step(state.step, rate, loss, text(held_out));
    if (held_out < state.best_loss) {
      state.best_loss = held_out;
      state.best_epoch = epoch;
      state.best = cloned(collect_state(*state.average.module));
    }
    log_info(text(grading_role(network_recipe_.condition), ", fold ", fold_, ", epoch ", epoch, ": loss ", loss,
                  ", held out ", held_out, " (best ", state.best_loss, " at ", state.best_epoch, ")"));
    return epoch - state.best_epoch < recipe_.optimisation.patience;
  }

  void log_step(int step, double rate, double loss, const std::string& held_out) {
    log_ << csv_line({text(static_cast<double>(step) / steps_per_epoch_), text(step), text(rate), text(loss), held_out})
         << std::flush;
    if (!log_) throw Error(ErrorKind::Failure, text("cannot write ", (folder_ / "log.csv").string(), " (disk full?)"));
  }

  std::vector<View> views() const { return network_recipe_.views; }

  /// Logits of the held-out samples, by sample.
  std::vector<std::optional<Logits>> look(const Network& network) const {
    const torch::NoGradGuard no_gradients;
    network.module->eval();
    std::vector<std::optional<Logits>> result(data_.samples.size());
    for (size_t first = 0; first < held_out_.size(); first += kLookBatch) {
      const size_t count = std::min<size_t>(kLookBatch, held_out_.size() - first);
      Batch batch;
      for (const CropFile& file : data_.views) {
        batch.views.push_back(empty_view(file, count));
        for (size_t k = 0; k < count; ++k) {
          copy_central(file, held_out_[first + k], buffers_of(batch.views.back(), k));
        }
      }
      const torch::Tensor logits =
          network.forward(network_inputs(batch, views(), device_)).at("grade").to(torch::kCPU, torch::kFloat64);
      for (size_t k = 0; k < count; ++k) {
        Logits row{};
        for (size_t c = 0; c < row.size(); ++c) {
          row[c] = logits[static_cast<std::int64_t>(k)][static_cast<std::int64_t>(c)].item<double>();
        }
        result[held_out_[first + k]] = row;
      }
    }
    return result;
  }

  double held_out_loss(const std::vector<std::optional<Logits>>& logits) const {
    double loss = 0, total = 0;
    for (const size_t sample : held_out_) {
      const Severity severity = data_.samples[sample].severity;
      const double weight = recipe_.optimisation.class_weights[static_cast<size_t>(severity)];
      loss += weight * log_loss(*logits[sample], severity);
      total += weight;
    }
    return loss / total;
  }

  static double log_loss(const Logits& logits, Severity severity) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const double value : logits) sum += std::exp(value - largest);
    return std::log(sum) + largest - logits[static_cast<size_t>(severity)];
  }

  nlohmann::json progress_json(const State& state) const {
    return {{"step", state.step},
            {"best_epoch", state.best_epoch},
            {"best_loss", state.best_epoch < 0 ? 0.0 : state.best_loss},
            {"seed", training_.seed},
            {"parameters", network_recipe_.parameters},
            {"epochs", recipe_.optimisation.epochs}};
  }

  /// A checkpoint's files carry its step; progress.json, replaced last, says which are in force. So a kill at any
  /// moment leaves one whole checkpoint.
  fs::path checkpoint_file(const char* what, int step, const char* ending) const {
    return folder_ / text(what, "-", step, ending);
  }

  void save_checkpoint(const State& state) const {
    write_safetensors(checkpoint_file("network", state.step, ".safetensors"), collect_state(*state.network.module));
    write_safetensors(checkpoint_file("average", state.step, ".safetensors"), collect_state(*state.average.module));
    if (state.best_epoch >= 0) write_safetensors(checkpoint_file("best", state.step, ".safetensors"), state.best);
    torch::save(*state.optimizer, checkpoint_file("optimizer", state.step, ".pt").string());
    write_file_atomically(folder_ / "progress.json", progress_json(state).dump(1) + "\n");
    remove_other_checkpoints(state.step);
  }

  void remove_other_checkpoints(int step) const {
    const std::string in_force = text("-", step);
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string extension = entry.path().extension().string();
      const bool is_part = extension == ".safetensors" || extension == ".pt";
      if (is_part && !entry.path().stem().string().ends_with(in_force)) others.push_back(entry.path());
    }
    for (const fs::path& other : others) fs::remove(other);
  }

  bool load_checkpoint(State& state) const {
    std::ifstream file(folder_ / "progress.json");
    if (!file) return false;
    const auto progress = nlohmann::json::parse(file);
    for (const char* key : {"seed", "parameters", "epochs"}) {
      if (progress.at(key) == progress_json(state).at(key)) continue;
      throw Error(ErrorKind::Usage, text("the checkpoint in ", folder_.string(), " was made with another ", key,
                                         "; repeat the command that began it, or give another --out"));
    }
    state.step = progress.at("step").get<int>();
    const fs::path network = checkpoint_file("network", state.step, ".safetensors");
    const fs::path average = checkpoint_file("average", state.step, ".safetensors");
    load_state(*state.network.module, read_safetensors(network), network.string());
    load_state(*state.average.module, read_safetensors(average), average.string());
    torch::load(*state.optimizer, checkpoint_file("optimizer", state.step, ".pt").string());
    state.best_epoch = progress.at("best_epoch").get<int>();
    if (state.best_epoch >= 0) {
      state.best_loss = progress.at("best_loss").get<double>();
      state.best = read_safetensors(checkpoint_file("best", state.step, ".safetensors"));
    }
    log_info(text(folder_.filename().string(), ": goes on at step ", state.step));
    return true;
  }

  const GraderTraining& training_;
  const GraderRecipe& recipe_;
  const NetworkRecipe& network_recipe_;
  const NetworkData& data_;
  const std::vector<std::string>& study_ids_;
  size_t index_;
  int fold_;
  fs::path folder_;
  torch::Device device_;
  torch::Tensor class_weights_;
  std::map<int, std::vector<size_t>> samples_by_study_;
  std::vector<int> train_studies_;
  std::vector<size_t> held_out_;
  int steps_per_epoch_ = 0;
  std::ofstream log_;
};

}  // namespace

std::vector<int> folds_of_studies(size_t studies, int folds, std::uint64_t seed) {
  std::vector<size_t> order(studies);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<int> fold(studies);
  for (size_t k = 0; k < studies; ++k) fold[order[k]] = static_cast<int>(k) % folds;
  return fold;
}

FoldResult train_fold(const GraderTraining& training, const GraderData& data, size_t index, int fold,
                      const std::vector<bool>& used, const fs::path& folder) {
  return FoldTrainer(training, data, index, fold, used, folder).run();
}

}  // namespace lumbargrade
