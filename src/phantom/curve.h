#pragma once

#include <vector>

#include "volume/grid.h"

namespace lumbargrade::phantom {

/// A point in the straightened spine, in mm. The anatomy is described in this space.
///   s  along the line through the vertebral bodies, 0 at the middle of S1's upper endplate, growing to the head
///   u  to the patient's left
///   v  backwards, 0 in the middle of the bodies
struct SpinePoint {
  double s = 0;
  double u = 0;
  double v = 0;
};

/// Bending of the line through the vertebral bodies, per mm of arc length.
struct Bending {
  double sagittal_rad_per_mm = 0;  ///< positive: going up, the line turns backwards (lordosis)
  double coronal_rad_per_mm = 0;   ///< positive: going up, the line turns to the left
  double axial_rad_per_mm = 0;     ///< rotation of the vertebrae about the line
};

/// The line through the vertebral bodies in patient space, with the local axes left, posterior and up.
class SpineCurve {
 public:
  /// `bending` holds one entry per `kStep_mm` from `low_s` upwards; at s = 0 the line starts in `origin_patient` and
  /// leans forwards by `sacral_slope_rad`, sideways by `coronal_tilt_rad` and is turned by `axial_turn_rad`.
  SpineCurve(double low_s, const std::vector<Bending>& bending, const Vector3& origin_patient, double sacral_slope_rad,
             double coronal_tilt_rad, double axial_turn_rad);

  static constexpr double kStep_mm = 0.5;

  struct Frame {
    Vector3 centre_patient, left, posterior, up;
  };
  /// Beyond either end the line goes on straight.
  Frame frame(double s) const;
  Vector3 patient_from_spine(const SpinePoint& point) const;
  /// Foot of the perpendicular on the line, searched from `guess_s`. Unique within the radius of curvature.
  SpinePoint spine_from_patient(const Vector3& point_patient, double guess_s) const;

  double low_s() const { return low_s_; }
  double high_s() const { return low_s_ + kStep_mm * static_cast<double>(frames_.size() - 1); }

 private:
  double low_s_;
  std::vector<Frame> frames_;
};

/// `spine_from_patient` tabulated on a 4 mm lattice and interpolated: its error stays below .05 mm because the line's
/// radius of curvature is above 60 mm, and it costs a few nanoseconds.
class SpineField {
 public:
  SpineField(const SpineCurve& curve, const Vector3& low_patient, const Vector3& high_patient);
  SpinePoint at(const Vector3& point_patient) const;

 private:
  static constexpr double kStep_mm = 4;
  struct Node {
    float s, u, v;
  };
  Vector3 low_patient_;
  int size_[3];
  std::vector<Node> nodes_;
};

}  // namespace lumbargrade::phantom
