#pragma once

#include <span>
#include <vector>

#include "phantom/acquisition.h"

namespace lumbargrade::phantom {

/// A patient ready to be imaged: tissue at every point of patient space.
class Patient {
 public:
  Patient(const PatientPlan& plan, double field_tesla);

  Material material_at(const Vector3& point_patient) const;
  const Anatomy& anatomy() const { return anatomy_; }
  const SpineCurve& curve() const { return curve_; }
  const Trunk& trunk() const { return trunk_; }
  SpinePoint spine_point(const Vector3& point_patient) const { return field_.at(point_patient); }

 private:
  SpineCurve curve_;
  Anatomy anatomy_;
  Trunk trunk_;
  SpineField field_;
};

/// Images `slice` once for every series in `series`, which share its geometry: anatomy is looked up once, the physics
/// of each series follows. `streams` gives each its own noise.
std::vector<SlicePixels> image_slice(const Patient& patient, const SlicePlan& slice,
                                     std::span<const SeriesPlan* const> series, std::span<Stream> streams);

/// Label of the point in the middle of every pixel, in the slice's middle plane.
SlicePixels label_slice(const Patient& patient, const SlicePlan& slice);

}  // namespace lumbargrade::phantom
