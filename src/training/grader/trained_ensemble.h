#pragma once

#include <optional>
#include <set>
#include <vector>

#include "training/calibration/grader_calibration.h"
#include "training/grader/fold_training.h"
#include "training/grader/stack_training.h"

namespace lumbargrade {

/// One condition, whose networks are an ensemble, calibrated as one.
struct TrainedCondition {
  Condition condition{};
  LevelPrior prior{};
  ConditionFit fit;
  int held_out_findings = 0;
  int lost_findings = 0;      ///< of them, those that no network saw
  int measured_findings = 0;  ///< of them, those with a measure
};

/// Everything that a run has learned.
struct TrainedEnsemble {
  std::vector<std::vector<TensorMap>> members;  ///< weights by network of the recipe and fold that ran
  std::vector<TrainedCondition> conditions;     ///< of all entries, in the order in which the recipe comes to them
  std::set<FindingKey> suspects;                ///< whose labels were not learned from
  std::optional<StackResult> stack;             ///< the second stage, where there is one that is of use
};

}  // namespace lumbargrade
