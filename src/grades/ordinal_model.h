#pragma once

#include <array>

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

}  // namespace lumbargrade
