#include "training/calibration/canal_calibration.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/statistics.h"
#include "training/calibration/ordinal_fit.h"

namespace lumbargrade {
namespace {

double typical_reference_mm(const std::vector<CanalMeasure>& measures, Level level) {
  std::vector<double> references_mm;
  for (const CanalMeasure& measure : measures) {
    if (measure.ratio()) references_mm.push_back(*measure.reference_mm);
  }
  if (references_mm.size() < kFewestMeasures) {
    throw Error(ErrorKind::Failure, text("only ", references_mm.size(), " canal measures with a reference at ",
                                         level_name(level), ", at least ", kFewestMeasures, " are needed"));
  }
  return median_of(std::move(references_mm));
}

MeasureModel fitted(const CanalSample& sample, const CanalAssumptions& assumptions, double width_mm) {
  MeasureModel model;
  model.reference_exponent = assumptions.reference_exponent;
  model.width = width_mm;
  for (Level level : kLevels) {
    const auto& measures = sample[index_of(level)];
    auto& cuts = model.levels[index_of(level)];
    cuts.typical_reference = typical_reference_mm(measures, level);
    std::vector<double> scaled_mm;
    for (const CanalMeasure& measure : measures)
      scaled_mm.push_back(scaled_measure(model, level, {measure.diameter_mm, measure.reference_mm}));
    const Probabilities& share = assumptions.prevalence[index_of(level)];
    cuts.moderate_below = cut_for_share(scaled_mm, share[1] + share[2], width_mm);
    cuts.severe_below = cut_for_share(scaled_mm, share[2], width_mm);
  }
  return model;
}

std::vector<Probabilities> predicted(const MeasureModel& model, const CanalSample& sample) {
  std::vector<Probabilities> all;
  for (Level level : kLevels) {
    for (const CanalMeasure& measure : sample[index_of(level)])
      all.push_back(measured_probabilities(model, level, {measure.diameter_mm, measure.reference_mm}));
  }
  return all;
}

}  // namespace

CanalCalibration calibrate_canal(const CanalSample& sample, const CanalAssumptions& assumptions) {
  CanalCalibration calibration;
  calibration.reader_sd_mm =
      sd_of_readers([&](double width_mm) { return predicted(fitted(sample, assumptions, width_mm), sample); },
                    assumptions.reader_kappa);
  const double sd_mm = std::hypot(calibration.reader_sd_mm, sd_of_mean_absolute(assumptions.measuring_error_mm));
  calibration.model = fitted(sample, assumptions, logistic_scale(sd_mm));
  return calibration;
}

}  // namespace lumbargrade
