#include "phantom/noise.h"

#include <cmath>

namespace lumbargrade::phantom {

NoiseField::NoiseField(Stream& stream) : lattice_(kSize * kSize * kSize) {
  for (float& value : lattice_) value = static_cast<float>(stream.uniform(-1, 1));
}

double NoiseField::at(const Vector3& point_mm, double grain_mm) const {
  int low[3];
  int high[3];
  double share[3];
  for (int axis = 0; axis < 3; ++axis) {
    const double position = point_mm[axis] / grain_mm;
    const double floor = std::floor(position);
    share[axis] = position - floor;
    low[axis] = static_cast<int>(floor) & (kSize - 1);
    high[axis] = (low[axis] + 1) & (kSize - 1);
  }
  const auto row = [&](int y, int z) {
    const float* line = lattice_.data() + (z * kSize + y) * kSize;
    return line[low[0]] + share[0] * (line[high[0]] - line[low[0]]);
  };
  const double near = row(low[1], low[2]) + share[1] * (row(high[1], low[2]) - row(low[1], low[2]));
  const double far = row(low[1], high[2]) + share[1] * (row(high[1], high[2]) - row(low[1], high[2]));
  return near + share[2] * (far - near);
}

}  // namespace lumbargrade::phantom
