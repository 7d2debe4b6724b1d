#pragma once

#include <vector>

#include "phantom/random.h"
#include "volume/grid.h"

namespace lumbargrade::phantom {

/// Smooth random field in patient space, about -1..1: values on a cubic lattice, interpolated linearly. Tissue texture,
/// fat streaks and bowel take their shapes from it, so that they agree between the series of one study.
class NoiseField {
 public:
  explicit NoiseField(Stream stream) : lattice_(kSize * kSize * kSize) {
    for (float& value : lattice_) value = static_cast<float>(stream.uniform(-1, 1));
  }

  /// `point_mm` in millimetres; `grain_mm` is the lattice step.
  double at(const Vector3& point_mm, double grain_mm) const {
    const double scale = 1 / grain_mm;
    const Place x = place(point_mm.x() * scale);
    const Place y = place(point_mm.y() * scale);
    const Place z = place(point_mm.z() * scale);
    const auto row = [&](size_t at_y, size_t at_z) {
      const float* line = lattice_.data() + (at_z * kSize + at_y) * kSize;
      return line[x.low] + x.share * (line[x.high] - line[x.low]);
    };
    const float near_low = row(y.low, z.low);
    const float near = near_low + y.share * (row(y.high, z.low) - near_low);
    const float far_low = row(y.low, z.high);
    const float far = far_low + y.share * (row(y.high, z.high) - far_low);
    return static_cast<double>(near + z.share * (far - near));
  }

 private:
  struct Place {
    size_t low, high;
    float share;
  };
  static Place place(double position) {
    auto whole = static_cast<std::int64_t>(position);  // std::floor costs a call
    whole -= position < static_cast<double>(whole);
    const auto low = static_cast<size_t>(whole) % kSize;
    return {low, (low + 1) % kSize, static_cast<float>(position - static_cast<double>(whole))};
  }

  static constexpr size_t kSize = 32;
  std::vector<float> lattice_;
};

}  // namespace lumbargrade::phantom
