#pragma once

#include <array>

#include "core/finding.h"

namespace lumbargrade {

/// Probabilities of the three classes by condition and level; left and right share them.
using PriorTable = std::array<std::array<Probabilities, kLevelCount>, kConditionCount>;

inline const Probabilities& prior_of(const PriorTable& prior, const Finding& finding) {
  return prior[index_of(finding.condition)][index_of(finding.level)];
}

/// How often the 1,975 training studies of the RSNA 2024 lumbar challenge have each grade, by condition and level, left
/// and right pooled (they differ by at most .02). Counted from the challenge's train.csv; each triple sums to 1.
const PriorTable& challenge_prevalence();

}  // namespace lumbargrade
