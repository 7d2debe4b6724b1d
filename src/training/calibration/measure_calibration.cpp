#include "training/calibration/measure_calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "core/error.h"
#include "core/statistics.h"

namespace lumbargrade {
namespace {

// Readers' thresholds are sought between these standard deviations, of the measure's logarithm.
constexpr double kNarrowestSd = 0.01;
constexpr double kWidestSd = 8;

/// The logistic distribution's scale for a standard deviation.
double logistic_scale(double sd) {
  return sd * std::numbers::sqrt3 / std::numbers::pi;
}

/// The SD of a normal deviate whose mean absolute value this is.
double sd_of_mean_absolute(double mean_absolute) {
  return mean_absolute * std::sqrt(std::numbers::pi / 2);
}

/// Mean over the sample of the logistic of (cut - length) / width: of the probabilities below the cut.
double mean_below(const std::vector<double>& lengths, double cut, double width) {
  double sum = 0;
  for (double length : lengths) sum += 1 / (1 + std::exp((length - cut) / width));
  return sum / static_cast<double>(lengths.size());
}

/// Root of a function that falls from positive to negative over [low, high].
double root_of_falling(const std::function<double(double)>& f, double low, double high) {
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (f(middle) > 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// The cut below which the mean probability over the sample is `share`.
double cut_for_share(const std::vector<double>& lengths, double share, double width) {
  return root_of_falling([&](double cut) { return share - mean_below(lengths, cut, width); }, -60, 60);
}

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

double agreement_of_two_readers(const std::vector<Probabilities>& predicted) {
  Probabilities marginal{};
  double observed = 0;
  for (const Probabilities& p : predicted) {
    observed += p[0] * p[1] + p[1] * p[2] + 2 * p[0] * p[2];
    for (size_t k = 0; k < marginal.size(); ++k) marginal[k] += p[k];
  }
  const auto count = static_cast<double>(predicted.size());
  for (double& share : marginal) share /= count;
  const double expected = marginal[0] * marginal[1] + marginal[1] * marginal[2] + 2 * marginal[0] * marginal[2];
  return 1 - observed / count / expected;
}

MeasureModel calibrate_measure(const MeasureSample& sample, const MeasureAssumptions& assumptions,
                               std::string_view what) {
  check_sample(sample, assumptions, what);
  const auto surplus = [&](double sd) {
    const MeasureModel model = fitted_model(sample, assumptions, logistic_scale(sd));
    return agreement_of_two_readers(predicted(model, sample)) - assumptions.reader_kappa;
  };
  const double reader_sd = root_of_falling(surplus, kNarrowestSd, kWidestSd);
  const double sd = std::hypot(reader_sd, sd_of_mean_absolute(assumptions.measuring_error));
  return fitted_model(sample, assumptions, logistic_scale(sd));
}

}  // namespace lumbargrade
