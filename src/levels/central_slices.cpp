#include "levels/central_slices.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kAreaError = 0.02;  // of the network's areas, as a share

}  // namespace

double slice_with_most_canal(const std::vector<double>& area_of_slice, const SlicePositions& slices) {
  if (area_of_slice.empty()) return 0;
  const auto best = std::max_element(area_of_slice.begin(), area_of_slice.end());
  const auto slice = static_cast<double>(best - area_of_slice.begin());
  if (best == area_of_slice.begin() || best + 1 == area_of_slice.end()) return slice;
  // Parabola a x^2 + b x through the neighbours, x in mm from the best slice.
  const double before_mm = slices.distance_mm(slice - 1, slice);
  const double behind_mm = slices.distance_mm(slice, slice + 1);
  const double fall_before = (*(best - 1) - *best) / before_mm;
  const double fall_behind = (*(best + 1) - *best) / behind_mm;
  const double bend = (fall_before + fall_behind) / (before_mm + behind_mm);
  if (bend >= 0) return slice;
  const double slope = fall_behind - bend * behind_mm;
  return slices.slice_at(slices.height_of(slice) - slope / (2 * bend));
}

std::vector<double> central_weights(const std::vector<double>& area_of_slice, const SlicePositions& slices) {
  const auto count = static_cast<int>(area_of_slice.size());
  std::vector<double> weights(area_of_slice.size(), 0.0);
  const double most = count > 0 ? *std::max_element(area_of_slice.begin(), area_of_slice.end()) : 0;
  if (most <= 0) return weights;
  double sum = 0;
  for (int centre = 0; centre < count; ++centre) {
    const double likely = std::exp((area_of_slice[static_cast<size_t>(centre)] / most - 1) / kAreaError);
    sum += likely;
    for (const int k : central_slices(centre, slices)) weights[static_cast<size_t>(k)] += likely;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

std::vector<double> weights_around(double central, const SlicePositions& slices) {
  std::vector<double> weights(static_cast<size_t>(slices.count()), 0.0);
  for (const int k : central_slices(central, slices)) weights[static_cast<size_t>(k)] = 1;
  return weights;
}

std::vector<int> central_slices(double central, const SlicePositions& slices) {
  const int count = slices.count();
  std::vector<int> chosen;
  for (int k = 0; k < count; ++k) {
    if (slices.distance_mm(k, central) <= kCentralMm) chosen.push_back(k);
  }
  if (chosen.empty() && count > 0) chosen.push_back(slices.nearest(slices.height_of(central)));
  // To a micrometre: of two as near, the lower one comes first, whatever rounding says.
  const auto micrometres = [&](int slice) { return std::lround(1000 * slices.distance_mm(slice, central)); };
  std::stable_sort(chosen.begin(), chosen.end(), [&](int a, int b) { return micrometres(a) < micrometres(b); });
  return chosen;
}

}  // namespace lumbargrade
