#include "grades/ordinal_model.h"

#include <cmath>

namespace lumbargrade {
namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

Probabilities ordinal_probabilities(const OrdinalModel& model, Level level, double measure) {
  return ordinal_probabilities(model.levels[static_cast<size_t>(index_of(level))], model.width, measure);
}

Probabilities ordinal_probabilities(const OrdinalModel::LevelCuts& cuts, double width, double measure) {
  const double at_least_moderate = logistic((cuts.moderate_below - measure) / width);
  const double severe = logistic((cuts.severe_below - measure) / width);
  return {1 - at_least_moderate, at_least_moderate - severe, severe};
}

}  // namespace lumbargrade
