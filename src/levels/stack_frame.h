#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "levels/slice_image.h"

namespace lumbargrade {

/// The stack's patient coordinates at a point of the canonical view and a fractional slice.
class StackFrame {
 public:
  explicit StackFrame(const std::vector<SliceImage>& slices) : slices_(slices) {}

  Vector3 patient(cv::Point2d point_mm, double slice) const {
    const double last = static_cast<double>(slices_.size() - 1);
    const double clamped = std::clamp(slice, 0.0, last);
    const auto below = static_cast<size_t>(std::floor(clamped));
    const size_t above = std::min(below + 1, slices_.size() - 1);
    const double t = clamped - static_cast<double>(below);
    return (1 - t) * on_slice(point_mm, below) + t * on_slice(point_mm, above);
  }

  Vector3 direction(cv::Point2d direction) const {
    return (slices_.front().patient_from_pixel.linear() * Vector3(direction.x, direction.y, 0)).normalized();
  }

  /// Distance of neighbouring slices; 0 for a single slice.
  double step_mm() const {
    if (slices_.size() < 2) return 0;
    return (on_slice({0, 0}, slices_.size() - 1) - on_slice({0, 0}, 0)).norm() /
           static_cast<double>(slices_.size() - 1);
  }

 private:
  Vector3 on_slice(cv::Point2d point_mm, size_t slice) const {
    const SliceImage& image = slices_[slice];
    return image.patient_from_pixel * Vector3(point_mm.x / image.pixel_mm, point_mm.y / image.pixel_mm, 0);
  }

  const std::vector<SliceImage>& slices_;
};

}  // namespace lumbargrade
