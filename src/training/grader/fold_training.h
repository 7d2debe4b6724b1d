#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "network/safetensors.h"
#include "training/grader/grader_data.h"
#include "training/grader/grader_training_options.h"
#include "training/loop/trainer.h"

namespace lumbargrade {

/// What a network is expected to say of unlabelled samples.
struct PseudoLabels {
  const NetworkData* data = nullptr;
  std::vector<std::vector<Probabilities>> targets;  ///< by sample and condition; zeros: not learned from
  double weight = 1;                                ///< beside a label of people
  nlohmann::json identity;                          ///< what they were guessed from and how
};

/// Whether anything is known of a sample: of one of its conditions at least.
bool is_known(const std::vector<Probabilities>& targets);

/// One pass of training: from fresh weights on labels, or on from a pass before, with pseudo-labels too.
struct TrainingPass {
  std::string name;               ///< part of the checkpoint's folder: "", "-trusted", "-pseudo"
  std::set<FindingKey> suspects;  ///< whose labels are not learned from; held-out ones are measured either way
  OptimisationRecipe optimisation;
  const TensorMap* start = nullptr;  ///< weights of the pass before
  const PseudoLabels* pseudo = nullptr;
  bool head_only = false;  ///< everything but the head stays as it began
};

/// Which fold a study is held out in: a shuffle by the seed, so that folds are of even size.
std::vector<int> folds_of_studies(size_t studies, int folds, std::uint64_t seed);

/// Throws Error (Usage) where a fold that runs has nothing to train on, nothing to measure, or labels of one class
/// only, those of `suspects` not counted.
void check_folds(const GraderTrainingOptions& training, const GraderData& data, const std::set<FindingKey>& suspects);

/// Whether this pass has been trained to its end, as its checkpoint in the run's folder says.
bool is_fold_trained(const GraderTrainingOptions& training, const TrainingJob& job, const std::string& pass);

/// Trains the job's network without the studies of its fold, with log and checkpoint in the run's folder. Gives the
/// averaged weights of the best epoch, and loss_in_bundle over the held-out findings that `grade` would show it, one
/// plain look, the mean of its conditions. Resumes from a checkpoint where training.resume asks for it, to the same
/// weights as an uninterrupted run with the same threads.
TrainingResult train_fold(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job,
                          const TrainingPass& pass);

}  // namespace lumbargrade
