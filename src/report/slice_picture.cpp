#include "report/slice_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr double kDarkShare = 0.01;
constexpr double kBrightShare = 0.995;

Vector3 normal_of(const Volume& volume) {
  const auto& axes = volume.patient_from_index.linear();
  return Vector3(axes.col(0)).cross(Vector3(axes.col(1))).normalized();
}

/// Of the slice's axes and their opposites, the one nearest to `wanted` and not along `taken`.
Vector3 nearest_axis(const Volume& volume, const Vector3& wanted, const Vector3& taken) {
  const auto& axes = volume.patient_from_index.linear();
  const std::array<Vector3, 2> candidates = {axes.col(0).normalized(), axes.col(1).normalized()};
  Vector3 best = Vector3::Zero();
  double closeness = -1;
  for (const Vector3& axis : candidates) {
    if (std::abs(axis.dot(taken)) > 0.5 || std::abs(axis.dot(wanted)) <= closeness) continue;
    closeness = std::abs(axis.dot(wanted));
    best = axis.dot(wanted) < 0 ? Vector3(-axis) : axis;
  }
  return best;
}

/// Grey values scaled to 0..255 between two percentiles of what is shown.
cv::Mat1b windowed(const cv::Mat1f& values) {
  std::vector<float> shown;
  for (const float value : values) {
    if (std::isfinite(value)) shown.push_back(value);
  }
  cv::Mat1b grey(values.size(), std::uint8_t{0});
  if (shown.empty()) return grey;
  const float low = quantile_of(shown, kDarkShare);
  const float range = std::max(quantile_of(shown, kBrightShare) - low, 1e-6F);
  for (int row = 0; row < values.rows; ++row) {
    for (int column = 0; column < values.cols; ++column) {
      const float value = values(row, column);
      if (std::isfinite(value)) grey(row, column) = cv::saturate_cast<std::uint8_t>(255 * (value - low) / range);
    }
  }
  return grey;
}

}  // namespace

SliceWindow sagittal_window(const Vector3& centre_patient, cv::Size size_px, double pixel_mm) {
  return {centre_patient, Vector3::UnitY(), -Vector3::UnitZ(), size_px, pixel_mm};
}

SliceWindow axial_window(const Vector3& centre_patient, cv::Size size_px, double pixel_mm) {
  return {centre_patient, Vector3::UnitX(), Vector3::UnitY(), size_px, pixel_mm};
}

double distance_to_slice_mm(const Volume& volume, int slice, const Vector3& point_patient) {
  return std::abs(normal_of(volume).dot(point_patient - volume.slice_position_patient(slice)));
}

int nearest_slice_to(const Volume& volume, const Vector3& point_patient) {
  int nearest = 0;
  for (int slice = 1; slice < volume.slices; ++slice) {
    if (distance_to_slice_mm(volume, slice, point_patient) < distance_to_slice_mm(volume, nearest, point_patient)) {
      nearest = slice;
    }
  }
  return nearest;
}

SlicePicture::SlicePicture(const Volume& volume, int slice, const SliceWindow& window) : pixel_mm_(window.pixel_mm) {
  right_ = nearest_axis(volume, window.right, Vector3::Zero());
  down_ = nearest_axis(volume, window.down, right_);
  const Vector3 normal = normal_of(volume), origin = volume.slice_position_patient(slice);
  const Vector3 centre = window.centre_patient - normal * normal.dot(window.centre_patient - origin);
  corner_patient_ =
      centre - pixel_mm_ * (right_ * (window.size_px.width - 1) + down_ * (window.size_px.height - 1)) / 2;

  const auto& axes = volume.patient_from_index.linear();
  cv::Matx23d index_from_pixel;
  for (int axis = 0; axis < 2; ++axis) {
    const Vector3 step = axes.col(axis) / axes.col(axis).squaredNorm();
    index_from_pixel(axis, 0) = pixel_mm_ * step.dot(right_);
    index_from_pixel(axis, 1) = pixel_mm_ * step.dot(down_);
    index_from_pixel(axis, 2) = step.dot(corner_patient_ - origin);
  }
  const cv::Mat1f values(volume.rows, volume.columns, const_cast<float*>(volume.slice_data(slice)));
  cv::Mat1f shown;
  cv::warpAffine(values, shown, index_from_pixel, window.size_px, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, std::numeric_limits<float>::quiet_NaN());
  cv::cvtColor(windowed(shown), pixels_, cv::COLOR_GRAY2RGB);
}

cv::Point2d SlicePicture::pixel_of(const Vector3& point_patient) const {
  const Vector3 offset = point_patient - corner_patient_;
  return {offset.dot(right_) / pixel_mm_, offset.dot(down_) / pixel_mm_};
}

}  // namespace lumbargrade
