#include "levels/central_slices.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kAreaError = 0.02;  // of the network's areas, as a share

}  // namespace

double slice_with_most_canal(const std::vector<double>& area_of_slice) {
  if (area_of_slice.empty()) return 0;
  const auto best = std::max_element(area_of_slice.begin(), area_of_slice.end()) - area_of_slice.begin();
  const auto last = static_cast<std::ptrdiff_t>(area_of_slice.size()) - 1;
  if (best == 0 || best == last) return static_cast<double>(best);
  const auto area = [&](std::ptrdiff_t slice) { return area_of_slice[static_cast<size_t>(slice)]; };
  const double bend = area(best - 1) - 2 * area(best) + area(best + 1);
  if (bend >= 0) return static_cast<double>(best);
  return static_cast<double>(best) + 0.5 * (area(best - 1) - area(best + 1)) / bend;
}

std::vector<double> central_weights(const std::vector<double>& area_of_slice, double step_mm) {
  const auto count = static_cast<int>(area_of_slice.size());
  std::vector<double> weights(area_of_slice.size(), 0.0);
  const double most = count > 0 ? *std::max_element(area_of_slice.begin(), area_of_slice.end()) : 0;
  if (most <= 0) return weights;
  double sum = 0;
  for (int centre = 0; centre < count; ++centre) {
    const double likely = std::exp((area_of_slice[static_cast<size_t>(centre)] / most - 1) / kAreaError);
    sum += likely;
    for (const int k : central_slices(centre, step_mm, count)) weights[static_cast<size_t>(k)] += likely;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

std::vector<double> weights_around(double central, double step_mm, int count) {
  std::vector<double> weights(static_cast<size_t>(count), 0.0);
  for (const int k : central_slices(central, step_mm, count)) weights[static_cast<size_t>(k)] = 1;
  return weights;
}

std::vector<int> central_slices(double central, double step_mm, int count) {
  std::vector<int> chosen;
  for (int k = 0; k < count; ++k) {
    if (std::abs(k - central) * step_mm <= kCentralMm) chosen.push_back(k);
  }
  if (chosen.empty() && count > 0) chosen.push_back(std::clamp(static_cast<int>(std::lround(central)), 0, count - 1));
  std::stable_sort(chosen.begin(), chosen.end(),
                   [&](int a, int b) { return std::abs(a - central) < std::abs(b - central); });
  return chosen;
}

}  // namespace lumbargrade
