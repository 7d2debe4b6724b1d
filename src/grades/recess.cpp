#include "grades/recess.h"

#include <cmath>

#include "core/error.h"
#include "grades/ordinal_fit.h"

namespace lumbargrade {
namespace {

constexpr size_t kFewestDepths = 10;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

RecessModel fitted(const RecessSample& sample, const RecessAssumptions& assumptions, double width_mm) {
  RecessModel model;
  model.width_mm = width_mm;
  for (const Level level : kLevels) {
    const auto at = static_cast<size_t>(index_of(level));
    const Probabilities& share = assumptions.prevalence[at];
    model.levels[at].moderate_below_mm = cut_for_share(sample[at], share[1] + share[2], width_mm);
    model.levels[at].severe_below_mm = cut_for_share(sample[at], share[2], width_mm);
  }
  return model;
}

std::vector<Probabilities> predicted(const RecessModel& model, const RecessSample& sample) {
  std::vector<Probabilities> all;
  for (const Level level : kLevels) {
    for (const double depth_mm : sample[static_cast<size_t>(index_of(level))]) {
      all.push_back(recess_probabilities(model, level, depth_mm));
    }
  }
  return all;
}

}  // namespace

Probabilities recess_probabilities(const RecessModel& model, Level level, double depth_mm) {
  const RecessModel::LevelCuts& cuts = model.levels[static_cast<size_t>(index_of(level))];
  const double at_least_moderate = logistic((cuts.moderate_below_mm - depth_mm) / model.width_mm);
  const double severe = logistic((cuts.severe_below_mm - depth_mm) / model.width_mm);
  return {1 - at_least_moderate, at_least_moderate - severe, severe};
}

RecessModel calibrate_recess(const RecessSample& sample, const RecessAssumptions& assumptions) {
  for (const Level level : kLevels) {
    const size_t count = sample[static_cast<size_t>(index_of(level))].size();
    if (count >= kFewestDepths) continue;
    throw Error(ErrorKind::Failure, text("only ", count, " recess depths at ", level_name(level), ", at least ",
                                         kFewestDepths, " are needed"));
  }
  const double reader_sd_mm = root_of_falling(
      [&](double sd_mm) {
        const RecessModel model = fitted(sample, assumptions, logistic_scale(sd_mm));
        return agreement_of_two_readers(predicted(model, sample)) - assumptions.reader_kappa;
      },
      kNarrowestSdMm, kWidestSdMm);
  const double sd_mm = std::hypot(reader_sd_mm, sd_of_mean_absolute(assumptions.measuring_error_mm));
  return fitted(sample, assumptions, logistic_scale(sd_mm));
}

}  // namespace lumbargrade
