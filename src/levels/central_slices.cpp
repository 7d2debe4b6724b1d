#include "levels/central_slices.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {

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
