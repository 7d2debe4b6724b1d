#pragma once

#include <array>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// Turns the measured depth of a lateral recess (RecessMeasure) into probabilities of the three grades: as CanalModel,
/// in the depth itself.
///
///     P(moderate or severe) = S((moderate_below_mm - depth) / width_mm),  P(severe) = S((severe_below_mm - depth) /
///     width_mm)
struct RecessModel {
  struct LevelCuts {
    double moderate_below_mm = 0;
    double severe_below_mm = 0;  ///< less than moderate_below_mm
  };
  std::array<LevelCuts, kLevelCount> levels{};
  double width_mm = 0;  ///< logistic scale: measuring error and readers' disagreement together
};

Probabilities recess_probabilities(const RecessModel& model, Level level, double depth_mm);

/// What is assumed besides the measured depths.
struct RecessAssumptions {
  double measuring_error_mm = 0;  ///< mean absolute error on patients that training never saw
  /// Agreement of two human readers on the subarticular grade in the challenge (linearly weighted kappa).
  double reader_kappa = 0.32;
  std::array<Probabilities, kLevelCount> prevalence{};  ///< which the mean probabilities must reproduce
};

/// Measured depths of many patients, both sides, by level.
using RecessSample = std::array<std::vector<double>, kLevelCount>;

/// As calibrate_canal: width from the readers' agreement and the measuring error, two cut-points per level from the
/// prevalence. Throws Error (Failure) when a level has fewer than ten depths.
RecessModel calibrate_recess(const RecessSample& sample, const RecessAssumptions& assumptions);

}  // namespace lumbargrade
