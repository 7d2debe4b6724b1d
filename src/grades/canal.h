#pragma once

#include <array>

#include "core/finding.h"
#include "levels/spine.h"

namespace lumbargrade {

/// Turns a measured canal into probabilities of the three grades: ordinal logistic regression in one length, the
/// *scaled diameter* (see scaled_diameter_mm), with two cut-points per level and one width.
///
///     P(moderate or severe) = S((moderate_below_mm - z) / width_mm),   P(severe) = S((severe_below_mm - z) / width_mm)
///
/// with S the logistic function. The cut-points differ by level because the thecal sac tapers: at L5/S1 a sac of 7 mm
/// is common and rarely called stenotic. calibrate_canal() derives all numbers; docs/canal-grade.md says how and why.
struct CanalModel {
  struct LevelCuts {
    double moderate_below_mm = 0;
    double severe_below_mm = 0;       ///< less than moderate_below_mm
    double typical_reference_mm = 0;  ///< the reference diameter that counts as an ordinary canal
  };
  std::array<LevelCuts, kLevelCount> levels{};
  double reference_exponent = 0;  ///< 0: only the diameter counts; 1: only its ratio to the neighbours
  double width_mm = 0;            ///< logistic scale: measuring error and readers' disagreement together
};

/// diameter * (typical reference / own reference) ^ exponent: the diameter as it would be in an ordinary canal. It
/// grows with the diameter and with its ratio to the neighbours. Without a reference it is the diameter itself. The
/// factor is kept within 0.7..1.4, beyond which the reference is a mismeasurement rather than a small or large canal.
double scaled_diameter_mm(const CanalModel& model, Level level, const CanalMeasure& measure);

Probabilities canal_probabilities(const CanalModel& model, Level level, const CanalMeasure& measure);

}  // namespace lumbargrade
