#pragma once

#include <array>

#include "core/measure.h"

namespace lumbargrade {

/// How a measure's model is written: its key, the condition that it grades, the unit that ends the names of its
/// cut-points, the bound on them, and the unit of its reference, where it has one.
struct MeasureKey {
  Measure measure;
  Condition condition;
  const char* key;
  const char* unit;
  double limit;
  const char* reference_unit;  ///< null: without a reference
};

/// Of a condition's measures the first one that is there decides.
inline constexpr std::array kMeasureKeys = {
    MeasureKey{Measure::CanalFluidRatio, Condition::SpinalCanalStenosis, "fluid_measure", "", 10, "_mm"},
    MeasureKey{Measure::CanalAp, Condition::SpinalCanalStenosis, "canal_measure", "_mm", 1000, "_mm"},
    MeasureKey{Measure::RecessArea, Condition::SubarticularStenosis, "recess_area_measure", "_mm2", 10000, "_mm2"},
    MeasureKey{Measure::RecessDepth, Condition::SubarticularStenosis, "recess_measure", "_mm", 1000, nullptr},
    MeasureKey{Measure::ForamenFatShare, Condition::NeuralForaminalNarrowing, "foramen_measure", "", 1, nullptr}};

}  // namespace lumbargrade
