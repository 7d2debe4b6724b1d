#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "core/finding.h"
#include "grades/grading.h"

namespace lumbargrade {

using Logits = std::array<double, kSeverityCount>;

/// What a network said of a finding it had not learned from, and what is true.
struct HeldOutFinding {
  std::optional<Logits> logits;  ///< nothing where no network saw it: it counts by its measure, or by the prior
  Severity severity{};
  Level level{};
  std::optional<MeasuredGrade> measured;
  double confidence = 1;  ///< of the level
};

/// What turns logits into probabilities: softmax(logits / temperature), then `contributions` mixed by the two weights.
struct ConditionFit {
  double temperature = 1;
  double model_weight = 1;    ///< of the networks against the prior
  double measure_weight = 0;  ///< share of the measure
  double loss = 0;            ///< log loss with all three
  double prior_loss = 0;      ///< of the prior alone
  double measure_loss = 0;    ///< of the measure without the networks; the prior where nothing was measured
};

/// Bounds that a recipe sets for data that stand in for real ones.
struct ConditionBounds {
  double largest_model_weight = 1;
  double smallest_measure_weight = 0;  ///< where the condition is measured at all
};

using LevelPrior = std::array<Probabilities, kLevelCount>;

/// Frequencies of the grades by level, each class counted with half a case more, so that none is 0.
LevelPrior level_prior(const std::vector<HeldOutFinding>& findings);

/// Temperature, then the networks' weight, then the measure's share, each of least log loss. Bundles answer
/// frequencies: classes have no weights here, whatever training was weighted with. Throws Error (Failure) without
/// findings that a network saw.
ConditionFit fit_condition(const std::vector<HeldOutFinding>& findings, const LevelPrior& prior,
                           const ConditionBounds& bounds = {});

/// p as `grade` computes it.
Probabilities condition_probabilities(const HeldOutFinding& finding, const LevelPrior& prior, const ConditionFit& fit);

/// Of logits alone.
Probabilities softmax(const Logits& logits, double temperature = 1);

/// Where on [.2, 8] `loss` of a temperature is least, if it falls and then rises.
double best_temperature(const std::function<double(double)>& loss);

}  // namespace lumbargrade
