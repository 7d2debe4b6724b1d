#pragma once

#include <vector>

#include "volume/volume.h"

namespace lumbargrade {

/// A step between neighbours larger than this times the usual one misses a slice.
inline constexpr double kSliceMissing = 1.5;

/// The step from slice to slice of parallel slices in their order: the mean over neighbours between which none is
/// missing. At least two positions.
Vector3 usual_step(const std::vector<Vector3>& positions_patient, const Vector3& normal);

/// A range along the normal that no slice covers, from the slice before it to the one behind it.
struct SliceGap {
  double first_mm = 0;
  double last_mm = 0;

  double length_mm() const { return last_mm - first_mm; }
};

/// Where parallel slices lie along their normal, each by its own position: of an uneven stack (slices missing,
/// positions rounded) no multiple of a mean step tells where a slice is. Heights are in mm along the normal, slices are
/// numbered from 0 and may be fractional.
class SlicePositions {
 public:
  SlicePositions() = default;
  /// Of positions in the order of the slices; `normal` is turned towards the last one. `usual_step_mm` is what a single
  /// slice stands for.
  SlicePositions(const std::vector<Vector3>& positions_patient, const Vector3& normal, double usual_step_mm);
  explicit SlicePositions(const Volume& volume);

  int count() const { return static_cast<int>(heights_mm_.size()); }
  const Vector3& normal() const { return normal_; }
  double usual_step_mm() const { return usual_step_mm_; }

  double height_mm(const Vector3& point_patient) const { return normal_.dot(point_patient); }
  /// Between slices in proportion; beyond the outermost ones in usual steps.
  double height_of(double slice) const;
  /// The inverse of height_of.
  double slice_at(double height_mm) const;
  int nearest(double height_mm) const;
  /// Between two fractional slices.
  double distance_mm(double slice, double other) const;
  /// How much of the normal a slice stands for: half-way to its neighbours, or half the usual step where one is missing
  /// or there is none.
  double share_mm(int slice) const;

  std::vector<SliceGap> gaps() const;

 private:
  Vector3 normal_ = Vector3::UnitX();
  std::vector<double> heights_mm_;  ///< ascending
  double usual_step_mm_ = 0;
};

}  // namespace lumbargrade
