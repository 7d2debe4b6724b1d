#include "training/calibration/ordinal_calibration.h"

#include <cmath>

#include "core/error.h"
#include "training/calibration/ordinal_fit.h"

namespace lumbargrade {
namespace {

MeasureModel fitted(const OrdinalSample& sample, const OrdinalAssumptions& assumptions, double width) {
  MeasureModel model;
  model.width = width;
  for (const Level level : kLevels) {
    const auto at = static_cast<size_t>(index_of(level));
    const Probabilities& share = assumptions.prevalence[at];
    model.levels[at].moderate_below = cut_for_share(sample[at], share[1] + share[2], width);
    model.levels[at].severe_below = cut_for_share(sample[at], share[2], width);
  }
  return model;
}

std::vector<Probabilities> predicted(const MeasureModel& model, const OrdinalSample& sample) {
  std::vector<Probabilities> all;
  for (const Level level : kLevels) {
    for (const double measure : sample[static_cast<size_t>(index_of(level))]) {
      all.push_back(measured_probabilities(model, level, {measure, std::nullopt}));
    }
  }
  return all;
}

}  // namespace

MeasureModel calibrate_ordinal(const OrdinalSample& sample, const OrdinalAssumptions& assumptions,
                               std::string_view what) {
  for (const Level level : kLevels) {
    const size_t count = sample[static_cast<size_t>(index_of(level))].size();
    if (count >= kFewestMeasures) continue;
    throw Error(ErrorKind::Failure, text("only ", count, " ", what, " at ", level_name(level), ", at least ",
                                         kFewestMeasures, " are needed"));
  }
  const double reader_sd = sd_of_readers(
      [&](double width) { return predicted(fitted(sample, assumptions, width), sample); }, assumptions.reader_kappa);
  const double sd = std::hypot(reader_sd, sd_of_mean_absolute(assumptions.measuring_error));
  return fitted(sample, assumptions, logistic_scale(sd));
}

}  // namespace lumbargrade
