#pragma once

#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "network/architecture.h"
#include "training/loop/training_options.h"

namespace lumbargrade {

/// One batch, made on the CPU.
struct TrainingBatch {
  TensorMap inputs;                  ///< as the network takes them
  TensorMap targets;                 ///< as the task's loss takes them
  std::vector<std::string> studies;  ///< whose they are, to be named in errors
  /// Where it is there, it makes the inputs, on the device that trains: what is cheap to hand over and dear to make.
  std::function<TensorMap(const torch::Device& device)> make_inputs = {};
};

/// What is learned by whom. Everything random is drawn from a step's number, so that a resumed run repeats it.
struct TrainingTask {
  std::function<Network()> build;  ///< with fresh weights, on the CPU
  TensorMap start;                 ///< weights to begin with; empty: the fresh ones
  /// Whether the weights to begin with may turn out the best: true for those that mean something already.
  bool start_counts = false;
  int steps_per_epoch = 1;
  std::function<TrainingBatch(int step)> batch;  ///< runs on another thread
  bool several_makers = false;                   ///< it may run on several at once: as many as the options say
  /// A scalar from the network's outputs for a batch; both lie on the run's device.
  std::function<torch::Tensor(const TensorMap& outputs, const TrainingBatch& batch)> loss;
  /// Of the averaged weights, after every epoch; the best epoch's are kept. Empty: the last ones are.
  std::function<double(const Network& network)> held_out_loss;
  OptimisationSettings optimisation;
  /// An object with all else that decides what is learned: data, what is drawn from them, the network. A checkpoint of
  /// another one is refused, naming the key that differs.
  nlohmann::json identity = nlohmann::json::object();
};

/// How it runs.
struct TrainingRun {
  std::string title;             ///< "canal, fold 0"
  std::filesystem::path folder;  ///< for log.csv and the checkpoint
  TrainingOptions options;       ///< with the seed of this run: of fresh weights and dropout

  std::filesystem::path checkpoint() const { return folder / "checkpoint.safetensors"; }
};

/// Makes the output folder, which must be empty but for a run that is resumed (else Error, Failure), and sets the
/// threads of LibTorch; OpenCV, which is called by threads of our own, gets one.
void prepare_training(const TrainingOptions& options);

/// A run in checkpoint/`name` of the output folder.
TrainingRun training_run(const TrainingOptions& options, std::string title, const std::string& name,
                         std::uint64_t seed);

struct TrainingResult {
  TensorMap state;           ///< running average of the weights, of the best epoch, on the CPU
  double held_out_loss = 0;  ///< with it; 0 where none is measured
  int best_epoch = 0;        ///< 0: the weights to begin with
};

/// Trains until the epochs are over or no epoch was better for the patience given. The same task gives the same
/// weights, whether it was interrupted or not, with as many threads. `log.csv` gets epoch, step, rate, the loss
/// averaged over some ten steps, and the held-out loss. Throws Error (Failure) when a loss or a gradient is not finite,
/// naming the step, the studies of the batch and the last good checkpoint; Error (Usage) when it should resume from a
/// checkpoint of another task.
TrainingResult train_network(const TrainingTask& task, const TrainingRun& run);

/// Whether a run in this folder has come to its end.
bool is_trained(const TrainingRun& run);

/// A seed made of several numbers.
std::uint64_t seed_of(std::initializer_list<std::uint64_t> parts);

/// SHA-256 over names and bytes of tensors, for a task's identity.
std::string digest_of(const TensorMap& tensors);

}  // namespace lumbargrade
