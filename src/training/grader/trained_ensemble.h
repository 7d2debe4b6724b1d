#pragma once

#include <optional>
#include <vector>

#include "training/calibration/grader_calibration.h"
#include "training/grader/fold_training.h"
#include "training/grader/stack_training.h"

namespace lumbargrade {

/// One of the recipe's networks, trained on every fold that runs.
struct TrainedEntry {
  size_t recipe = 0;               ///< index of the recipe's network
  std::vector<TensorMap> members;  ///< by fold that ran
  std::vector<bool> used;          ///< by sample: whether its label was learned from
};

/// All entries of one condition: an ensemble, calibrated as one.
struct TrainedCondition {
  Condition condition{};
  std::vector<TrainedEntry> entries;
  LevelPrior prior{};
  ConditionFit fit;
  int held_out_findings = 0;
  int lost_findings = 0;      ///< of them, those that no network saw
  int measured_findings = 0;  ///< of them, those with a measure
};

/// Everything that a run has learned.
struct TrainedEnsemble {
  std::vector<TrainedCondition> conditions;
  std::optional<StackResult> stack;  ///< the second stage, where there is one that is of use
};

}  // namespace lumbargrade
