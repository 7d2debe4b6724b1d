#include "grades/canal.h"

#include <algorithm>
#include <cmath>

#include "grades/ordinal_model.h"

namespace lumbargrade {
double scaled_diameter_mm(const CanalModel& model, Level level, const CanalMeasure& measure) {
  if (!measure.ratio()) return measure.diameter_mm;
  const double typical_mm = model.levels[index_of(level)].typical_reference_mm;
  const double factor = std::pow(typical_mm / *measure.reference_mm, model.reference_exponent);
  return measure.diameter_mm * std::clamp(factor, 0.7, 1.4);
}

Probabilities canal_probabilities(const CanalModel& model, Level level, const CanalMeasure& measure) {
  const CanalModel::LevelCuts& cuts = model.levels[index_of(level)];
  const double scaled_mm = scaled_diameter_mm(model, level, measure);
  return ordinal_probabilities({cuts.moderate_below_mm, cuts.severe_below_mm}, model.width_mm, scaled_mm);
}

}  // namespace lumbargrade
