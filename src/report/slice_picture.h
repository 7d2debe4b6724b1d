#pragma once

#include <opencv2/core.hpp>

#include "volume/volume.h"

namespace lumbargrade {

/// Where a picture of one slice looks: `right` and `down` are the patient directions wanted along its columns and rows
/// (the slice's own axes nearest to them are taken, so that no slice is ever turned obliquely).
struct SliceWindow {
  Vector3 centre_patient = Vector3::Zero();
  Vector3 right = Vector3::UnitY();
  Vector3 down = -Vector3::UnitZ();
  cv::Size size_px;
  double pixel_mm = 1;
};

/// The usual ways to look: sagittal with the face to the left and the head up, axial from the feet (the patient's left
/// is on the right of the picture).
SliceWindow sagittal_window(const Vector3& centre_patient, cv::Size size_px, double pixel_mm);
SliceWindow axial_window(const Vector3& centre_patient, cv::Size size_px, double pixel_mm);

/// The slice of `volume` whose plane lies nearest to a point, by the slices' exact positions.
int nearest_slice_to(const Volume& volume, const Vector3& point_patient);

/// The distance of a point from the plane of a slice, in mm.
double distance_to_slice_mm(const Volume& volume, int slice, const Vector3& point_patient);

/// One slice as an RGB picture (CV_8UC3), grey values between the first and the 99.5th percentile of what it shows, on
/// which marks are drawn at patient points. Black where the slice does not reach.
class SlicePicture {
 public:
  SlicePicture(const Volume& volume, int slice, const SliceWindow& window);

  cv::Mat& pixels() { return pixels_; }

  /// Where a patient point falls, projected along the slice's normal, in pixels of the picture.
  cv::Point2d pixel_of(const Vector3& point_patient) const;
  double pixel_mm() const { return pixel_mm_; }

 private:
  cv::Mat pixels_;
  Vector3 corner_patient_;  ///< centre of the first pixel
  Vector3 right_, down_;    ///< unit vectors in the slice's plane
  double pixel_mm_;
};

}  // namespace lumbargrade
