#include "training/loop/trainer.h"

#include <ATen/Parallel.h>
#include <torch/nn/module.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <limits>
#include <opencv2/core.hpp>
#include <random>

#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/sha256.h"
#include "network/conv_norm.h"
#include "network/precision.h"
#include "network/state.h"
#include "training/loop/training_checkpoint.h"
#include "training/loop/training_loop.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kLogEvery = 10;  // steps
constexpr auto kCheckpointInterval = std::chrono::minutes(10);
/// Patience counts from where the schedule has taken the rate down to this share of its peak: before that, the best
/// epochs are still to come, whatever the held-out loss does.
constexpr double kSettledRate = 0.1;
/// Of a checkpoint's identity: raised when the same settings train otherwise.
constexpr int kTrainerVersion = 3;

TensorMap on_device(const TensorMap& tensors, const torch::Device& device) {
  TensorMap moved;
  for (const auto& [name, tensor] : tensors) moved.emplace(name, tensor.to(device));
  return moved;
}

TensorMap cloned(const TensorMap& state) {
  TensorMap copy;
  for (const auto& [name, tensor] : state) copy.emplace(name, tensor.detach().to(torch::kCPU).clone());
  return copy;
}

std::string distinct(const std::vector<std::string>& names) {
  std::string list;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) == name) list += (list.empty() ? "" : ", ") + *name;
  }
  return list;
}

/// All that decides what a run learns.
nlohmann::json identity_of(const TrainingTask& task, const TrainingRun& run) {
  const OptimisationSettings& settings = task.optimisation;
  nlohmann::json identity = task.identity;
  identity.update({{"trainer", kTrainerVersion},
                   {"epochs", settings.epochs},
                   {"steps_per_epoch", task.steps_per_epoch},
                   {"accumulate", settings.accumulate},
                   {"rate", settings.rate},
                   {"weight_decay", settings.weight_decay},
                   {"warm_up", settings.warm_up},
                   {"average", settings.average},
                   {"average_first", settings.average_first},
                   {"clip_norm", settings.clip_norm},
                   {"patience", settings.patience},
                   {"seed", run.options.seed},
                   {"bfloat16", run.options.bfloat16},
                   {"start", task.start.empty() ? "fresh" : digest_of(task.start)}});
  return identity;
}

/// Weight decay is for matrices and kernels: scales and offsets of norms and biases (one axis) have none, as in the
/// code of ConvNeXt and timm.
std::vector<torch::optim::OptimizerParamGroup> parameter_groups(const torch::nn::Module& network,
                                                                const OptimisationSettings& settings) {
  std::vector<torch::Tensor> decayed, others;
  for (const torch::Tensor& parameter : network.parameters())
    (parameter.dim() > 1 ? decayed : others).push_back(parameter);
  const auto options = [&](double weight_decay) {
    return std::make_unique<torch::optim::AdamWOptions>(
        torch::optim::AdamWOptions(settings.rate).weight_decay(weight_decay));
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  if (!decayed.empty()) groups.emplace_back(decayed, options(settings.weight_decay));
  if (!others.empty()) groups.emplace_back(others, options(0));
  return groups;
}

/// Switches CPU or CUDA autocast to bfloat16 on, or off, for a scope.
class MixedPrecision {
 public:
  MixedPrecision(torch::DeviceType device, bool on) : device_(device), before_(autocast_of(device)) {
    set_autocast(device_, {on, torch::kBFloat16});
  }
  ~MixedPrecision() { set_autocast(device_, before_); }
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  torch::DeviceType device_;
  Autocast before_;
};

/// The first epoch whose rate has settled.
int settled_epoch(const OptimisationSettings& settings, int steps_per_epoch) {
  const int steps = settings.epochs * steps_per_epoch;
  int epoch = settings.epochs;
  while (epoch > 1 && rate_at((epoch - 1) * steps_per_epoch - 1, steps, settings.warm_up, 1) < kSettledRate) --epoch;
  return epoch;
}

class Trainer {
 public:
  Trainer(const TrainingTask& task, const TrainingRun& run)
      : task_(task),
        settings_(task.optimisation),
        run_(run),
        device_(run.options.device),
        identity_(identity_of(task, run)),
        steps_(task.optimisation.epochs * task.steps_per_epoch) {}

  TrainingResult run() {
    fs::create_directories(run_.folder);
    start();
    const bool resumed = run_.options.resume && resume();
    log_.open(run_.folder / "log.csv", resumed ? std::ios::app : std::ios::trunc);
    if (!resumed) {
      log_ << csv_line({"epoch", "step", "rate", "loss", "held_out_loss"});
      if (task_.start_counts && task_.held_out_loss) measure(0);
    }
    if (step_ < steps_) train();
    if (!task_.held_out_loss) return {cloned(collect_state(*average_.module)), 0, settings_.epochs};
    if (best_.state.empty()) {
      throw Error(ErrorKind::Failure, text("no epoch of ", run_.title, " gave a finite loss on the held-out studies"));
    }
    return best_;
  }

 private:
  void start() {
    torch::manual_seed(run_.options.seed);
    network_ = task_.build();
    average_ = task_.build();
    // A step takes two thirds of the time on a CPU, and tensor cores want it.
    use_channels_last(*network_.module);
    use_channels_last(*average_.module);
    if (!task_.start.empty()) load_state(*network_.module, task_.start, "the weights to begin with");
    network_.module->to(device_);
    average_.module->to(device_);
    load_state(*average_.module, collect_state(*network_.module), "the weights to begin with");
    optimizer_ = std::make_unique<torch::optim::AdamW>(parameter_groups(*network_.module, settings_),
                                                       torch::optim::AdamWOptions(settings_.rate));
  }

  void train() {
    Progress progress(run_.title, steps_);
    BatchQueue<TrainingBatch> queue(
        step_, steps_, [this](int step) { return made_batch(step); }, task_.several_makers ? run_.options.makers : 1);
    double smooth_loss = 0;
    bool checkpoint_due = false;
    while (step_ < steps_) {
      const double rate = rate_at(step_, steps_, settings_.warm_up, settings_.rate);
      const double loss = train_step(queue.next(), rate);
      smooth_loss = smooth_loss == 0 ? loss : 0.9 * smooth_loss + 0.1 * loss;
      const bool is_last = step_ == steps_ && !task_.held_out_loss;
      if (step_ == 1 || step_ % kLogEvery == 0 || is_last) log_step(rate, smooth_loss, "");
      if (is_epoch_end() && !finish_epoch(rate, smooth_loss)) step_ = steps_;
      checkpoint_due = checkpoint_due || is_checkpoint_time();
      // Not between steps of the optimiser: gradients that were gathered so far are not stored.
      if (step_ == steps_ || (checkpoint_due && is_optimizer_step())) {
        save();
        checkpoint_due = false;
      }
      progress.show(step_, text("loss ", std::round(smooth_loss * 1000) / 1000));
    }
  }

  /// On a maker's thread. What is computed on the CPU is computed here, beside the network; on a GPU it is the GPU's
  /// work.
  TrainingBatch made_batch(int step) const {
    at::set_num_threads(1);  // of this thread
    TrainingBatch batch = task_.batch(step);
    if (batch.make_inputs && device_.is_cpu()) {
      batch.inputs = batch.make_inputs(device_);
      batch.make_inputs = nullptr;
    }
    return batch;
  }

  bool is_checkpoint_time() {
    if (run_.options.checkpoint_every > 0) return step_ % run_.options.checkpoint_every == 0;
    return is_epoch_end() || std::chrono::steady_clock::now() - saved_at_ > kCheckpointInterval;
  }

  bool is_epoch_end() const { return step_ % task_.steps_per_epoch == 0; }
  bool is_optimizer_step() const { return step_ % task_.steps_per_epoch % settings_.accumulate == 0 || is_epoch_end(); }

  /// How many batches the optimiser's step takes that this batch is part of: the last of an epoch may be fewer.
  int accumulated_together() const {
    const int in_epoch = step_ % task_.steps_per_epoch;
    return std::min(settings_.accumulate,
                    task_.steps_per_epoch - in_epoch / settings_.accumulate * settings_.accumulate);
  }

  double train_step(TrainingBatch batch, double rate) {
    // Dropout draws from LibTorch's own generator: seeded per step, a resumed run drops the same.
    torch::manual_seed(seed_of({run_.options.seed, static_cast<std::uint64_t>(step_)}));
    network_.module->train();
    batch.inputs = batch.make_inputs ? batch.make_inputs(device_) : on_device(batch.inputs, device_);
    batch.targets = on_device(batch.targets, device_);
    TensorMap outputs;
    {
      const MixedPrecision mixed(device_.type(), run_.options.bfloat16);
      outputs = network_.forward(batch.inputs);
    }
    const torch::Tensor loss = task_.loss(outputs, batch);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) throw_not_finite("loss", batch);
    (loss / accumulated_together()).backward();
    ++step_;
    if (is_optimizer_step()) update_weights(batch, rate);
    return value;
  }

  void update_weights(const TrainingBatch& batch, double rate) {
    const double norm = torch::nn::utils::clip_grad_norm_(network_.module->parameters(), settings_.clip_norm);
    if (!std::isfinite(norm)) throw_not_finite("gradient", batch);
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(rate);
    optimizer_->step();
    optimizer_->zero_grad();
    update_average(*average_.module, *network_.module, step_ - 1 + settings_.average_first, settings_.average);
  }

  [[noreturn]] void throw_not_finite(const char* what, const TrainingBatch& batch) {
    wait_for_checkpoint();
    const std::string checkpoint = saved_step_ < 0 ? "there is no checkpoint yet"
                                                   : text("the last good checkpoint, of step ", saved_step_, ", is ",
                                                          run_.checkpoint().string(), "; resume from it with --resume");
    throw Error(ErrorKind::Failure,
                text("the ", what, " is not finite at step ", step_, " of ", run_.title, ", with studies ",
                     distinct(batch.studies), "; ", checkpoint, "; a lower learning rate may help"));
  }

  /// Measures the averaged weights and keeps them when they are the best so far.
  double measure(int epoch) {
    average_.module->eval();
    const double held_out = task_.held_out_loss(average_);
    if (held_out < best_.held_out_loss) best_ = {cloned(collect_state(*average_.module)), held_out, epoch};
    return held_out;
  }

  /// False when training should stop.
  bool finish_epoch(double rate, double loss) {
    if (!task_.held_out_loss) return true;
    const int epoch = step_ / task_.steps_per_epoch;
    const double held_out = measure(epoch);
    log_step(rate, loss, text(held_out));
    log_info(text(run_.title, ", epoch ", epoch, ": loss ", loss, ", held out ", held_out, " (best ",
                  best_.held_out_loss, " at ", best_.best_epoch, ")"));
    return epoch - std::max(best_.best_epoch, settled_epoch(settings_, task_.steps_per_epoch)) < settings_.patience;
  }

  void log_step(double rate, double loss, const std::string& held_out) {
    log_ << csv_line({text(static_cast<double>(step_) / task_.steps_per_epoch), text(step_), text(rate), text(loss),
                      held_out})
         << std::flush;
    if (!log_) {
      throw Error(ErrorKind::Failure, text("cannot write ", (run_.folder / "log.csv").string(), " (disk full?)"));
    }
  }

  void save() {
    const nlohmann::json progress = {{"step", step_},
                                     {"finished", step_ == steps_},
                                     {"best_epoch", best_.best_epoch},
                                     {"best_loss", best_.state.empty() ? 0.0 : best_.held_out_loss},
                                     {"identity", identity_}};
    wait_for_checkpoint();
    saved_at_ = std::chrono::steady_clock::now();
    // What it holds is copied now; it is written beside the training.
    writing_ = std::async(std::launch::async,
                          [path = run_.checkpoint(), step = step_, progress,
                           state = checkpoint_state({*network_.module, *average_.module, *optimizer_}, best_.state)] {
                            write_checkpoint(path, state, progress);
                            return step;
                          });
    if (step_ == steps_) wait_for_checkpoint();
  }

  /// Throws what writing it threw.
  void wait_for_checkpoint() {
    if (writing_.valid()) saved_step_ = writing_.get();
  }

  void check_same_run(const nlohmann::json& progress) const {
    const nlohmann::json stored = progress.value("identity", nlohmann::json::object());
    for (const auto& [key, value] : identity_.items()) {
      if (stored.contains(key) && stored.at(key) == value) continue;
      throw Error(ErrorKind::Usage, text("the checkpoint in ", run_.folder.string(), " was made with another ", key,
                                         "; repeat the command that began it, or give another --out"));
    }
  }

  bool resume() {
    const auto progress = checkpoint_progress(run_.checkpoint());
    if (!progress) return false;
    check_same_run(*progress);
    TensorMap best = load_checkpoint(run_.checkpoint(), {*network_.module, *average_.module, *optimizer_});
    if (!best.empty()) {
      best_ = {std::move(best), progress->at("best_loss").get<double>(), progress->at("best_epoch").get<int>()};
    }
    step_ = saved_step_ = progress->at("step").get<int>();
    log_info(text(run_.title, ": resumes at step ", step_));
    return true;
  }

  const TrainingTask& task_;
  const OptimisationSettings& settings_;
  const TrainingRun& run_;
  torch::Device device_;
  nlohmann::json identity_;
  int steps_;
  Network network_;
  Network average_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  int step_ = 0;         // batches done
  int saved_step_ = -1;  // of the last checkpoint
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
  std::future<int> writing_;  // gives the step of the checkpoint
  TrainingResult best_{{}, std::numeric_limits<double>::infinity(), 0};
  std::ofstream log_;
};

}  // namespace

void prepare_training(const TrainingOptions& options) {
  if (!options.resume && fs::exists(options.out) && !fs::is_empty(options.out)) {
    throw Error(ErrorKind::Failure, text(options.out.string(), " is not empty; give another --out, or --resume"));
  }
  fs::create_directories(options.record_folder());
  at::set_num_threads(options.threads);
  cv::setNumThreads(1);
}

TrainingRun training_run(const TrainingOptions& options, std::string title, const std::string& name,
                         std::uint64_t seed) {
  TrainingRun run{std::move(title), options.out / "checkpoint" / name, options};
  run.options.seed = seed;
  return run;
}

TrainingResult train_network(const TrainingTask& task, const TrainingRun& run) {
  return Trainer(task, run).run();
}

bool is_trained(const TrainingRun& run) {
  const auto progress = checkpoint_progress(run.checkpoint());
  return progress && progress->value("finished", false);
}

std::string digest_of(const TensorMap& tensors) {
  std::string digests;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor bytes = tensor.detach().to(torch::kCPU).contiguous();
    digests += name + sha256_of_bytes({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()});
  }
  return sha256_of_bytes(digests);
}

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

}  // namespace lumbargrade
