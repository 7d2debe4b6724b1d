#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "grades/measured_probabilities.h"

namespace lumbargrade {

/// What is assumed besides the measures.
struct OrdinalAssumptions {
  double measuring_error = 0;  ///< mean absolute error on patients that training never saw
  double reader_kappa = 0;     ///< agreement of two human readers in the challenge (linearly weighted kappa)
  std::array<Probabilities, kLevelCount> prevalence{};  ///< which the mean probabilities must reproduce
};

/// Measures of many patients, both sides, by level.
using OrdinalSample = std::array<std::vector<double>, kLevelCount>;

/// As calibrate_canal: width from the readers' agreement and the measuring error, two cut-points per level from the
/// prevalence. Throws Error (Failure) when a level has fewer than ten measures; `what` names them ("recess depths").
MeasureModel calibrate_ordinal(const OrdinalSample& sample, const OrdinalAssumptions& assumptions,
                               std::string_view what);

}  // namespace lumbargrade
