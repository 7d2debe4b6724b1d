#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/finding.h"

namespace lumbargrade {

/// From one measured number above 0, of which less is worse, to probabilities of the three grades: the numbers of the
/// ordinal logistic regression that grades/measured_probabilities.h explains.
struct MeasureModel {
  struct LevelCuts {
    double moderate_below = 0;     ///< in the measure's unit, above severe_below
    double severe_below = 0;       ///< above 0: the grade can be severe at every level
    double typical_reference = 0;  ///< the reference that counts as ordinary; 0 where the measure has no reference

    bool operator==(const LevelCuts&) const = default;
  };
  std::string source;             ///< what the numbers rest on, in a few words
  double reference_exponent = 0;  ///< 0: only the measure counts; 1: only its ratio to the reference; below 0: times it
  double width = 0;  ///< logistic scale of the measure's logarithm: measuring error and readers' disagreement together
  double model_weight = 1;  ///< lambda in p = (1 - lambda) prior + lambda model, times the level's confidence
  std::array<LevelCuts, kLevelCount> levels{};

  bool operator==(const MeasureModel&) const = default;
};

/// Mean and standard deviation of a measure at one level in patients whose measures are known.
struct MeasureNorm {
  double mean = 0;
  double sd = 0;  ///< above 0
  std::int64_t count = 0;

  bool operator==(const MeasureNorm&) const = default;
};

/// What a measure's z-scores are against.
struct ReferenceSample {
  std::string source;  ///< whose measures they are, in a few words
  std::array<std::optional<MeasureNorm>, kLevelCount> levels;

  bool operator==(const ReferenceSample&) const = default;
};

}  // namespace lumbargrade
