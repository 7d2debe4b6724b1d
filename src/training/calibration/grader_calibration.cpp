#include "training/calibration/grader_calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kSmallestTemperature = 0.2;
constexpr double kLargestTemperature = 8;
constexpr double kHalfCase = 0.5;
/// A network with no more weight than this says nothing: its rows are the prior's.
constexpr double kLeastWeight = 0.01;

double mean_loss(const std::vector<HeldOutFinding>& findings,
                 const std::function<Probabilities(const HeldOutFinding&)>& predict) {
  double loss = 0;
  for (const HeldOutFinding& finding : findings)
    loss -= std::log(std::max(predict(finding)[index_of(finding.severity)], 1e-15));
  return loss / static_cast<double>(findings.size());
}

/// Where `f` is least on [low, high], by golden section: `f` falls, then rises.
double minimum_of(const std::function<double(double)>& f, double low, double high) {
  constexpr double kGolden = 0.6180339887498949;
  double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
  double at_a = f(a), at_b = f(b);
  for (int step = 0; step < 60; ++step) {
    if (at_a < at_b) {
      high = b, b = a, at_b = at_a;
      a = high - kGolden * (high - low);
      at_a = f(a);
    } else {
      low = a, a = b, at_a = at_b;
      b = low + kGolden * (high - low);
      at_b = f(b);
    }
  }
  return (low + high) / 2;
}

/// The same where the least may lie at an end.
double least(const std::function<double(double)>& f, double low, double high) {
  const double inside = minimum_of(f, low, high);
  if (f(high) <= f(inside)) return high;
  return f(low) <= f(inside) ? low : inside;
}

}  // namespace

double best_temperature(const std::function<double(double)>& loss) {
  return std::exp(minimum_of([&](double log_temperature) { return loss(std::exp(log_temperature)); },
                             std::log(kSmallestTemperature), std::log(kLargestTemperature)));
}

LevelPrior level_prior(const std::vector<HeldOutFinding>& findings) {
  LevelPrior counts;
  for (auto& level : counts) level.fill(kHalfCase);
  for (const HeldOutFinding& finding : findings) {
    counts[index_of(finding.level)][index_of(finding.severity)] += 1;
  }
  for (auto& level : counts) level = normalised(level);
  return counts;
}

Probabilities softmax(const Logits& logits, double temperature) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  Probabilities result{};
  for (size_t c = 0; c < result.size(); ++c) result[c] = std::exp((logits[c] - largest) / temperature);
  return normalised(result);
}

Probabilities condition_probabilities(const HeldOutFinding& finding, const LevelPrior& prior, const ConditionFit& fit) {
  ConditionSpec mix;
  mix.measure_weight = fit.measure_weight, mix.model_weight = fit.model_weight;
  const bool network_counts = finding.logits && fit.model_weight > 0;
  const auto network = network_counts ? std::optional(softmax(*finding.logits, fit.temperature)) : std::nullopt;
  return mixed(contributions(network, finding.measured, mix, prior[index_of(finding.level)], finding.confidence));
}

ConditionFit fit_condition(const std::vector<HeldOutFinding>& findings, const LevelPrior& prior,
                           const ConditionBounds& bounds) {
  const bool any_seen = std::any_of(findings.begin(), findings.end(),
                                    [](const HeldOutFinding& finding) { return finding.logits.has_value(); });
  if (!any_seen) throw Error(ErrorKind::Failure, "no held-out finding to calibrate on");
  const auto loss_with = [&](double temperature, double model_weight, double measure_weight) {
    const ConditionFit fit{temperature, model_weight, measure_weight};
    return mean_loss(findings,
                     [&](const HeldOutFinding& finding) { return condition_probabilities(finding, prior, fit); });
  };
  ConditionFit fit;
  fit.prior_loss = mean_loss(findings, [&](const HeldOutFinding& finding) { return prior[index_of(finding.level)]; });
  fit.measure_loss = loss_with(1, 0, 0);
  fit.temperature = best_temperature([&](double temperature) { return loss_with(temperature, 1, 0); });
  fit.model_weight = least([&](double weight) { return loss_with(fit.temperature, weight, 0); }, kLeastWeight, 1);
  fit.model_weight = std::min(fit.model_weight, bounds.largest_model_weight);
  if (fit.model_weight <= kLeastWeight) fit.model_weight = 0;
  const bool is_measured = std::any_of(findings.begin(), findings.end(),
                                       [](const HeldOutFinding& finding) { return finding.measured.has_value(); });
  if (is_measured) {
    fit.measure_weight = least([&](double share) { return loss_with(fit.temperature, fit.model_weight, share); }, 0, 1);
    fit.measure_weight = std::max(fit.measure_weight, bounds.smallest_measure_weight);
  }
  fit.loss = loss_with(fit.temperature, fit.model_weight, fit.measure_weight);
  return fit;
}

}  // namespace lumbargrade
