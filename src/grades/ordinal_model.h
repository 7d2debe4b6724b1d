#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// Turns one measured number, of which less is worse, into probabilities of the three grades: ordinal logistic
/// regression as in CanalModel, in the number itself and its unit (recess: depth in mm; foramen: share of fat).
///
///     P(moderate or severe) = S((moderate_below - x) / width),   P(severe) = S((severe_below - x) / width)
struct OrdinalModel {
  struct LevelCuts {
    double moderate_below = 0;
    double severe_below = 0;  ///< less than moderate_below
  };
  std::array<LevelCuts, kLevelCount> levels{};
  double width = 0;  ///< logistic scale: measuring error and readers' disagreement together
};

Probabilities ordinal_probabilities(const OrdinalModel& model, Level level, double measure);
Probabilities ordinal_probabilities(const OrdinalModel::LevelCuts& cuts, double width, double measure);

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
OrdinalModel calibrate_ordinal(const OrdinalSample& sample, const OrdinalAssumptions& assumptions,
                               std::string_view what);

}  // namespace lumbargrade
