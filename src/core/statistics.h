#pragma once

#include <algorithm>
#include <cstddef>
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

}  // namespace lumbargrade
