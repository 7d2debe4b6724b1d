#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "network/architecture.h"
#include "training/grader/grader_loss.h"
#include "training/grader/grader_recipe.h"

namespace lumbargrade {

/// One batch, on the CPU.
struct TrainingBatch {
  TensorMap inputs;                  ///< as the network takes them
  TargetRows targets;                ///< one row per finding, in the order of the network's answers
  std::vector<std::string> studies;  ///< whose findings they are, to be named in errors
};

/// What is learned by whom. Everything random is drawn from a step's number, so that a resumed run repeats it.
struct TrainingTask {
  std::function<Network()> build;  ///< with fresh weights, on the CPU; its output "grade" is N x 3 or N x 3 x findings
  TensorMap start;                 ///< weights to begin with; empty: the fresh ones
  /// Whether the weights to begin with may turn out the best: true for those that mean something already.
  bool start_counts = false;
  int steps_per_epoch = 1;
  std::function<TrainingBatch(int step)> batch;  ///< runs on another thread
  std::function<double(const Network& network)> held_out_loss;
  nlohmann::json identity;  ///< a checkpoint of another one is refused
};

/// How it runs, apart from what the recipe decides.
struct TrainingRun {
  std::string title;             ///< "canal, fold 0"
  std::filesystem::path folder;  ///< for log.csv and the checkpoint
  std::uint64_t seed = 1;        ///< of fresh weights and dropout
  torch::Device device = torch::kCPU;
  bool bfloat16 = false;
  bool resume = false;
  int checkpoint_every = 50;  ///< steps
};

struct TrainingResult {
  TensorMap state;           ///< running average of the weights, of the best epoch, on the CPU
  double held_out_loss = 0;  ///< with it
  int best_epoch = 0;        ///< 0: the weights to begin with
};

/// Trains until the recipe's epochs are over or no epoch was better for its patience. The same task gives the same
/// weights, whether it was interrupted or not, with as many threads. Throws Error (Failure) when a loss or a gradient
/// is not finite, naming the step, the studies of the batch and the last good checkpoint.
TrainingResult train_network(const TrainingTask& task, const OptimisationRecipe& recipe, const TrainingRun& run);

/// A seed made of several numbers.
std::uint64_t seed_of(std::initializer_list<std::uint64_t> parts);

}  // namespace lumbargrade
