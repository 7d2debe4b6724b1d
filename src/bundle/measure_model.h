#pragma once

#include <array>
#include <string>

#include "core/finding.h"

namespace lumbargrade {

/// From one measured number, of which less is worse (canal: diameter, mm; recess: depth, mm; foramen: share of fat),
/// to probabilities of the three grades: the numbers of the ordinal logistic regression that
/// grades/measured_probabilities.h explains, in the measure's unit.
struct MeasureModel {
  struct LevelCuts {
    double moderate_below = 0;
    double severe_below = 0;       ///< less than moderate_below
    double typical_reference = 0;  ///< the reference that counts as ordinary; 0 where the measure has no reference

    bool operator==(const LevelCuts&) const = default;
  };
  std::string source;             ///< what the numbers rest on, in a few words
  double reference_exponent = 0;  ///< 0: only the measure counts; 1: only its ratio to the reference
  double width = 0;               ///< logistic scale: measuring error and readers' disagreement together
  double model_weight = 1;        ///< lambda in p = (1 - lambda) prior + lambda model, times the level's confidence
  std::array<LevelCuts, kLevelCount> levels{};

  bool operator==(const MeasureModel&) const = default;
};

}  // namespace lumbargrade
