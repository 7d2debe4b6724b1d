#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "levels/slice_image.h"
#include "volume/slice_positions.h"

namespace lumbargrade {

/// The stack's patient coordinates at a point of the canonical view and a fractional slice. The slices must outlive it.
class StackFrame {
 public:
  explicit StackFrame(const std::vector<SliceImage>& slices) : slices_(slices) {
    std::vector<Vector3> positions;
    for (const SliceImage& slice : slices) positions.emplace_back(slice.patient_from_pixel.translation());
    const auto& linear = slices.front().patient_from_pixel.linear();
    positions_ = SlicePositions(positions, Vector3(linear.col(0)).cross(Vector3(linear.col(1))).normalized(), 0);
  }

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

  /// Where the slices lie; a single slice stands for no width.
  const SlicePositions& positions() const { return positions_; }

 private:
  Vector3 on_slice(cv::Point2d point_mm, size_t slice) const {
    const SliceImage& image = slices_[slice];
    return image.patient_from_pixel * Vector3(point_mm.x / image.pixel_mm, point_mm.y / image.pixel_mm, 0);
  }

  const std::vector<SliceImage>& slices_;
  SlicePositions positions_;
};

}  // namespace lumbargrade
