#pragma once

#include <array>

#include "core/finding.h"

namespace lumbargrade {

/// How one condition's measure is written: its key, the unit that ends the names of its numbers, the bound on them
/// (cut-points of a share may lie beyond 0..1), and whether it has a reference.
struct MeasureKey {
  Condition condition;
  const char* key;
  const char* unit;
  double limit;
  bool has_reference;
};
inline constexpr std::array kMeasureKeys = {
    MeasureKey{Condition::SpinalCanalStenosis, "canal_measure", "_mm", 1000, true},
    MeasureKey{Condition::SubarticularStenosis, "recess_measure", "_mm", 1000, false},
    MeasureKey{Condition::NeuralForaminalNarrowing, "foramen_measure", "", 10, false}};

}  // namespace lumbargrade
