#include "grades/canal_calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "core/error.h"
#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr size_t kFewestMeasures = 10;
constexpr double kWidestReaderSdMm = 8;

/// Root of a function that falls from positive to negative over [low, high].
double root_of_falling(const std::function<double(double)>& f, double low, double high) {
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (f(middle) > 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// The logistic distribution's scale for a standard deviation.
double logistic_scale(double sd) {
  return sd * std::numbers::sqrt3 / std::numbers::pi;
}

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

/// Mean over the sample of the logistic of (cut - z) / width.
double mean_below(const std::vector<double>& scaled_mm, double cut_mm, double width_mm) {
  double sum = 0;
  for (double z : scaled_mm) sum += 1 / (1 + std::exp((z - cut_mm) / width_mm));
  return sum / static_cast<double>(scaled_mm.size());
}

double cut_for_share(const std::vector<double>& scaled_mm, double share, double width_mm) {
  return root_of_falling([&](double cut_mm) { return share - mean_below(scaled_mm, cut_mm, width_mm); }, -60, 60);
}

CanalModel fitted(const CanalSample& sample, const CanalAssumptions& assumptions, double width_mm) {
  CanalModel model;
  model.reference_exponent = assumptions.reference_exponent;
  model.width_mm = width_mm;
  for (Level level : kLevels) {
    const auto& measures = sample[index_of(level)];
    auto& cuts = model.levels[index_of(level)];
    cuts.typical_reference_mm = typical_reference_mm(measures, level);
    std::vector<double> scaled_mm;
    for (const CanalMeasure& measure : measures) scaled_mm.push_back(scaled_diameter_mm(model, level, measure));
    const Probabilities& share = assumptions.prevalence[index_of(level)];
    cuts.moderate_below_mm = cut_for_share(scaled_mm, share[1] + share[2], width_mm);
    cuts.severe_below_mm = cut_for_share(scaled_mm, share[2], width_mm);
  }
  return model;
}

/// Linearly weighted kappa of two readers who both follow `model` independently of each other, levels pooled.
double agreement(const CanalModel& model, const CanalSample& sample) {
  Probabilities marginal{};
  double observed = 0;
  double count = 0;
  for (Level level : kLevels) {
    for (const CanalMeasure& measure : sample[index_of(level)]) {
      const Probabilities p = canal_probabilities(model, level, measure);
      observed += p[0] * p[1] + p[1] * p[2] + 2 * p[0] * p[2];
      for (int k = 0; k < kSeverityCount; ++k) marginal[k] += p[k];
      ++count;
    }
  }
  for (double& share : marginal) share /= count;
  const double expected = marginal[0] * marginal[1] + marginal[1] * marginal[2] + 2 * marginal[0] * marginal[2];
  return 1 - observed / count / expected;
}

}  // namespace

CanalCalibration calibrate_canal(const CanalSample& sample, const CanalAssumptions& assumptions) {
  CanalCalibration calibration;
  calibration.reader_sd_mm = root_of_falling(
      [&](double sd_mm) {
        return agreement(fitted(sample, assumptions, logistic_scale(sd_mm)), sample) - assumptions.reader_kappa;
      },
      0.05, kWidestReaderSdMm);
  // The mean absolute value of a normal deviate is its SD times sqrt(2 / pi).
  const double measuring_sd_mm = assumptions.measuring_error_mm * std::sqrt(std::numbers::pi / 2);
  const double sd_mm = std::hypot(calibration.reader_sd_mm, measuring_sd_mm);
  calibration.model = fitted(sample, assumptions, logistic_scale(sd_mm));
  return calibration;
}

}  // namespace lumbargrade
