#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "volume/volume.h"

namespace lumbargrade {

/// Column (0) and row (1) of a point in the plane of a slice, in pixels; how far it lies from that plane does not
/// count.
inline Eigen::Vector2d pixel_of(const Volume& volume, int slice, const Vector3& point_patient) {
  const Vector3 column_step = volume.patient_from_index.linear().col(0);
  const Vector3 row_step = volume.patient_from_index.linear().col(1);
  const Vector3 offset = point_patient - volume.slice_position_patient(slice);
  return {offset.dot(column_step) / column_step.squaredNorm(), offset.dot(row_step) / row_step.squaredNorm()};
}

/// The grey values of one slice between its pixels: bilinear; NaN outside. The volume must outlive it. In the header,
/// because crops sample some hundred thousand places a study.
class SliceSampler {
 public:
  SliceSampler(const Volume& volume, int slice)
      : data_(volume.slice_data(slice)),
        columns_(volume.columns),
        last_(volume.columns - 1, volume.rows - 1),
        last_left_(std::max(0, volume.columns - 2)),
        last_top_(std::max(0, volume.rows - 2)),
        to_the_right_(volume.columns > 1 ? 1 : 0),
        to_below_(volume.rows > 1 ? volume.columns : 0) {}

  float operator()(const Eigen::Vector2d& pixel) const {
    const double column = pixel.x(), row = pixel.y();
    if (!(column >= 0 && row >= 0 && column <= last_.x() && row <= last_.y())) return kOutside;
    const int left = std::min(static_cast<int>(column), last_left_), top = std::min(static_cast<int>(row), last_top_);
    const auto x = static_cast<float>(column - left), y = static_cast<float>(row - top);
    const float* above = data_ + top * columns_ + left;
    const float* below = above + to_below_;
    return (1 - y) * ((1 - x) * above[0] + x * above[to_the_right_]) +
           y * ((1 - x) * below[0] + x * below[to_the_right_]);
  }

  /// The pixel moved onto the image where rounding put it up to `edge_px` outside.
  Eigen::Vector2d onto_image(const Eigen::Vector2d& pixel, double edge_px) const {
    const bool is_near = (pixel.array() >= -edge_px).all() && (pixel.array() <= last_.array() + edge_px).all();
    return is_near ? Eigen::Vector2d(pixel.cwiseMax(0.0).cwiseMin(last_)) : pixel;
  }

  static constexpr float kOutside = std::numeric_limits<float>::quiet_NaN();

 private:
  const float* data_;
  std::ptrdiff_t columns_;
  Eigen::Vector2d last_;
  int last_left_, last_top_;
  std::ptrdiff_t to_the_right_, to_below_;  ///< neighbours; 0 where there are none
};

}  // namespace lumbargrade
