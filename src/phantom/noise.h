#pragma once

#include <vector>

#include "geometry/grid.h"
#include "phantom/random.h"

namespace lumbargrade::phantom {

/// Smooth random field in patient space, about -1..1: values on a cubic lattice, interpolated linearly. Tissue texture,
/// fat streaks and bowel take their shapes from it, so that they agree between the series of one study.
class NoiseField {
 public:
  explicit NoiseField(Stream& stream);

  /// `point_mm` in millimetres; `grain_mm` is the lattice step.
  double at(const Vector3& point_mm, double grain_mm) const;

 private:
  static constexpr int kSize = 32;
  std::vector<float> lattice_;
};

}  // namespace lumbargrade::phantom
