#include "points/place_reading.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

constexpr double kNearMm = 6;
constexpr int kPeakPx = 5;  // a peak is the largest mean over so many pixels across

/// The slice around which most probability lies, a neighbour counting half.
int likeliest_slice(const std::vector<double>& masses) {
  const auto mass = [&](int slice) {
    return slice < 0 || slice >= static_cast<int>(masses.size()) ? 0.0 : masses[static_cast<size_t>(slice)];
  };
  int best = 0;
  double most = -1;
  for (int slice = 0; slice < static_cast<int>(masses.size()); ++slice) {
    const double around = mass(slice) + 0.5 * (mass(slice - 1) + mass(slice + 1));
    if (around > most) most = around, best = slice;
  }
  return best;
}

/// Visits the pixels within kNearMm of a place.
template <typename Visit>
void for_each_near(const cv::Mat1d& plane, cv::Point2d middle_px, double pixel_mm, const Visit& visit) {
  const double radius_px = kNearMm / pixel_mm;
  for (int row = 0; row < plane.rows; ++row) {
    for (int column = 0; column < plane.cols; ++column) {
      if (std::hypot(column - middle_px.x, row - middle_px.y) <= radius_px) visit(column, row, plane(row, column));
    }
  }
}

cv::Point2d local_mean(const cv::Mat1d& plane, double pixel_mm) {
  cv::Mat1d smooth;
  cv::boxFilter(plane, smooth, -1, {kPeakPx, kPeakPx}, {-1, -1}, true, cv::BORDER_CONSTANT);
  cv::Point peak;
  cv::minMaxLoc(smooth, nullptr, nullptr, nullptr, &peak);
  double weight = 0;
  cv::Point2d sum(0, 0);
  for_each_near(plane, peak, pixel_mm, [&](int column, int row, double probability) {
    weight += probability;
    sum += probability * cv::Point2d(column, row);
  });
  return weight > 0 ? sum / weight : cv::Point2d(peak);
}

}  // namespace

bool shows(int slices, int size_px, const CropPlace& place) {
  const auto is_inside = [](double at, int count) { return at > -0.5 && at < count - 0.5; };
  return is_inside(place.slice, slices) && is_inside(place.row, size_px) && is_inside(place.column, size_px);
}

ReadPlace read_place(std::span<const float> map, const View& view) {
  std::vector<cv::Mat1d> planes;
  std::vector<double> masses;
  const auto per_slice = static_cast<size_t>(view.size_px) * static_cast<size_t>(view.size_px);
  for (size_t slice = 0; slice < static_cast<size_t>(view.slices); ++slice) {
    cv::Mat1d plane(view.size_px, view.size_px);
    std::copy_n(map.begin() + static_cast<std::ptrdiff_t>(slice * per_slice), per_slice, plane.begin());
    masses.push_back(cv::sum(plane)[0]);
    planes.push_back(std::move(plane));
  }
  const int middle = likeliest_slice(masses);
  const int first = std::max(0, middle - 1), last = std::min(view.slices - 1, middle + 1);
  cv::Mat1d plane(view.size_px, view.size_px, 0.0);
  double mass = 0, slices = 0;
  for (int slice = first; slice <= last; ++slice) {
    plane += planes[static_cast<size_t>(slice)];
    mass += masses[static_cast<size_t>(slice)];
    slices += slice * masses[static_cast<size_t>(slice)];
  }
  const cv::Point2d at = local_mean(plane, view.pixel_mm);
  ReadPlace read{{mass > 0 ? slices / mass : middle, at.y, at.x}, 0};
  for_each_near(plane, at, view.pixel_mm, [&](int, int, double probability) { read.confidence += probability; });
  read.confidence = std::min(read.confidence, 1.0);
  return read;
}

Vector3 patient_point(const Crop& crop, const View& view, const CropPlace& place) {
  const double slice = std::clamp(place.slice, 0.0, crop.slices - 1.0);
  const auto below = static_cast<size_t>(slice);
  const size_t above = std::min(below + 1, static_cast<size_t>(crop.slices - 1));
  const double share = slice - static_cast<double>(below), middle = (crop.size_px - 1) / 2.0;
  return (1 - share) * crop.slice_middle_patient[below] + share * crop.slice_middle_patient[above] +
         view.pixel_mm * ((place.row - middle) * crop.row_direction + (place.column - middle) * crop.column_direction);
}

CropPlace crop_place(const Crop& crop, const View& view, const Vector3& point_patient) {
  const Vector3 normal = crop.row_direction.cross(crop.column_direction);
  const auto height = [&](size_t slice) { return normal.dot(crop.slice_middle_patient[slice] - point_patient); };
  CropPlace place;
  size_t nearest = 0;
  for (size_t slice = 1; slice < static_cast<size_t>(crop.slices); ++slice) {
    if (std::abs(height(slice)) < std::abs(height(nearest))) nearest = slice;
  }
  place.slice = static_cast<double>(nearest);
  for (const std::ptrdiff_t by : {-1, 1}) {
    const std::ptrdiff_t other = static_cast<std::ptrdiff_t>(nearest) + by;
    if (other < 0 || other >= crop.slices) continue;
    const double own = height(nearest), next = height(static_cast<size_t>(other));
    if (own * next < 0) place.slice += static_cast<double>(by) * own / (own - next);
  }
  const Vector3 offset = point_patient - crop.slice_middle_patient[nearest];
  const double middle = (crop.size_px - 1) / 2.0;
  place.row = middle + offset.dot(crop.row_direction) / view.pixel_mm;
  place.column = middle + offset.dot(crop.column_direction) / view.pixel_mm;
  return place;
}

}  // namespace lumbargrade
