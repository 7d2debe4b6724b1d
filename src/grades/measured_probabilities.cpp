#include "grades/measured_probabilities.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kLeastFactor = 0.7;
constexpr double kLargestFactor = 1.4;
constexpr double kLeastMeasure = 1e-3;  // its logarithm stands for that of nothing at all

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

double scaled_measure(const MeasureModel& model, Level level, const Measured& measured) {
  if (!measured.reference || *measured.reference <= 0) return measured.value;
  const double typical = model.levels[index_of(level)].typical_reference;
  const double factor = std::pow(typical / *measured.reference, model.reference_exponent);
  return measured.value * std::clamp(factor, kLeastFactor, kLargestFactor);
}

double log_measure(double measure) {
  return std::log(std::max(measure, kLeastMeasure));
}

Probabilities measured_probabilities(const MeasureModel& model, Level level, const Measured& measured) {
  const MeasureModel::LevelCuts& cuts = model.levels[index_of(level)];
  const double z = log_measure(scaled_measure(model, level, measured));
  const double at_least_moderate = logistic((std::log(cuts.moderate_below) - z) / model.width);
  const double severe = logistic((std::log(cuts.severe_below) - z) / model.width);
  return {1 - at_least_moderate, at_least_moderate - severe, severe};
}

}  // namespace lumbargrade
