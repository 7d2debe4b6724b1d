#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace lumbargrade {

/// The upper median; `values` must not be empty.
inline double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The value below which `fraction` (0..1) of `values` lie, without interpolation. Reorders `values`, which must not be
/// empty.
inline float quantile_of(std::vector<float>& values, double fraction) {
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(fraction * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

/// Pearson's correlation of pairs; NaN where one side does not vary.
inline double correlation_of(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t k = 0; k < a.size(); ++k) mean_a += a[k] / n, mean_b += b[k] / n;
  for (std::size_t k = 0; k < a.size(); ++k) {
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
    ab += (a[k] - mean_a) * (b[k] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

/// Area under the ROC curve: the probability that a positive's value is above a negative's, ties counting half (Mann
/// and Whitney 1947). Empty when one side is.
inline std::optional<double> area_under_roc(const std::vector<double>& positives, std::vector<double> negatives) {
  if (positives.empty() || negatives.empty()) return std::nullopt;
  std::sort(negatives.begin(), negatives.end());
  double wins = 0;
  for (const double value : positives) {
    const auto [first_equal, first_above] = std::equal_range(negatives.begin(), negatives.end(), value);
    wins += static_cast<double>(first_equal - negatives.begin()) + 0.5 * static_cast<double>(first_above - first_equal);
  }
  return wins / (static_cast<double>(positives.size()) * static_cast<double>(negatives.size()));
}

/// Probabilities from scores: exp(score), divided by their sum.
inline std::vector<double> softmax_of(std::vector<double> scores) {
  if (scores.empty()) return scores;
  const double greatest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - greatest);
  for (double& score : scores) score /= sum;
  return scores;
}

/// To three decimals: as figures are written into manifests and tables.
inline double to_thousandths(double value) {
  return std::round(value * 1000) / 1000;
}

}  // namespace lumbargrade
