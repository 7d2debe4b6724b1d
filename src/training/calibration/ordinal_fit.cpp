#include "training/calibration/ordinal_fit.h"

#include <cmath>
#include <numbers>

namespace lumbargrade {
namespace {

// Readers' thresholds are sought between these standard deviations, of the measure's logarithm.
constexpr double kNarrowestSd = 0.01;
constexpr double kWidestSd = 8;

/// Mean over the sample of the logistic of (cut - length) / width.
double mean_below(const std::vector<double>& lengths_mm, double cut_mm, double width_mm) {
  double sum = 0;
  for (double length_mm : lengths_mm) sum += 1 / (1 + std::exp((length_mm - cut_mm) / width_mm));
  return sum / static_cast<double>(lengths_mm.size());
}

/// Root of a function that falls from positive to negative over [low, high].
double root_of_falling(const std::function<double(double)>& f, double low, double high) {
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (f(middle) > 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

double logistic_scale(double sd) {
  return sd * std::numbers::sqrt3 / std::numbers::pi;
}

double sd_of_mean_absolute(double mean_absolute) {
  return mean_absolute * std::sqrt(std::numbers::pi / 2);
}

double cut_for_share(const std::vector<double>& lengths_mm, double share, double width_mm) {
  return root_of_falling([&](double cut_mm) { return share - mean_below(lengths_mm, cut_mm, width_mm); }, -60, 60);
}

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

double sd_of_readers(const std::function<std::vector<Probabilities>(double width)>& predicted, double kappa) {
  const auto surplus = [&](double sd) { return agreement_of_two_readers(predicted(logistic_scale(sd))) - kappa; };
  return root_of_falling(surplus, kNarrowestSd, kWidestSd);
}

}  // namespace lumbargrade
