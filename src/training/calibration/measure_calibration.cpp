#include "training/calibration/measure_calibration.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/statistics.h"
#include "training/calibration/ordinal_fit.h"

namespace lumbargrade {
namespace {

std::vector<double> references_of(const std::vector<Measured>& measures) {
  std::vector<double> references;
  for (const Measured& measure : measures) {
    if (measure.reference && *measure.reference > 0) references.push_back(*measure.reference);
  }
  return references;
}

void check_count(size_t count, std::string_view what, std::string_view which, Level level, size_t fewest) {
  if (count >= std::max<size_t>(fewest, 1)) return;
  throw Error(ErrorKind::Failure,
              text("only ", count, " ", what, which, " at ", level_name(level), ", at least ", fewest, " are needed"));
}

void check_sample(const MeasureSample& sample, const MeasureAssumptions& assumptions, std::string_view what) {
  for (const Level level : kLevels) {
    const auto& measures = sample[index_of(level)];
    check_count(measures.size(), what, "", level, assumptions.fewest);
    if (assumptions.reference_exponent == 0) continue;
    check_count(references_of(measures).size(), what, " with a reference", level, assumptions.fewest);
  }
}

MeasureModel fitted_model(const MeasureSample& sample, const MeasureAssumptions& assumptions, double width) {
  MeasureModel model;
  model.reference_exponent = assumptions.reference_exponent;
  model.width = width;
  for (const Level level : kLevels) {
    const auto at = index_of(level);
    MeasureModel::LevelCuts& cuts = model.levels[at];
    if (assumptions.reference_exponent != 0) cuts.typical_reference = median_of(references_of(sample[at]));
    std::vector<double> scaled;
    for (const Measured& measure : sample[at]) scaled.push_back(log_measure(scaled_measure(model, level, measure)));
    const Probabilities& share = assumptions.prevalence[at];
    cuts.moderate_below = std::exp(cut_for_share(scaled, share[1] + share[2], width));
    cuts.severe_below = std::exp(cut_for_share(scaled, share[2], width));
  }
  return model;
}

std::vector<Probabilities> predicted(const MeasureModel& model, const MeasureSample& sample) {
  std::vector<Probabilities> all;
  for (const Level level : kLevels) {
    for (const Measured& measure : sample[index_of(level)]) {
      all.push_back(measured_probabilities(model, level, measure));
    }
  }
  return all;
}

}  // namespace

MeasureModel calibrate_measure(const MeasureSample& sample, const MeasureAssumptions& assumptions,
                               std::string_view what) {
  check_sample(sample, assumptions, what);
  const double reader_sd =
      sd_of_readers([&](double width) { return predicted(fitted_model(sample, assumptions, width), sample); },
                    assumptions.reader_kappa);
  const double sd = std::hypot(reader_sd, sd_of_mean_absolute(assumptions.measuring_error));
  return fitted_model(sample, assumptions, logistic_scale(sd));
}

}  // namespace lumbargrade
