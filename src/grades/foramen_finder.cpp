#include "grades/foramen_finder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr int kStepMm = 3;
constexpr int kReachSteps = 3;
constexpr double kFarthestAsideMm = 9.5;
// The challenge's points around their mean place: one slice of 4.4 mm to the side, .1-.13 of 35 mm in the plane.
constexpr double kAsideSdMm = 4;
constexpr double kInPlaneSdMm = 4.5;
constexpr int kSlicesLookedAt = 7;
constexpr int kSurroundingsMm = 20;
constexpr double kPeakMm = 4.5;
constexpr double kLeastSpread = 1;  // of grey values 0..255

/// Slices of 1 mm pixels that hold the cells around every place.
View finder_view() {
  View view;
  view.name = "foramen_finder";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = kSlicesLookedAt;
  view.pixel_mm = 1;
  const int reach_mm = kReachSteps * kStepMm + static_cast<int>(ForamenFinder::kCells * ForamenFinder::kCellMm / 2);
  view.size_px = 2 * reach_mm + 1;
  return view;
}

/// The mean of each cell around each pixel, in standard deviations of the slice's surroundings above their mean; empty
/// where there is no slice.
cv::Mat1f cell_means(const Crop& crop, int slice) {
  if (crop.slice_valid[static_cast<size_t>(slice)] == 0) return {};
  const cv::Mat1b grey(
      crop.size_px, crop.size_px,
      const_cast<std::uint8_t*>(&crop.pixels[0]) + static_cast<std::ptrdiff_t>(slice) * crop.size_px * crop.size_px);
  const int middle = crop.size_px / 2, width = 2 * std::min(kSurroundingsMm, middle) + 1;
  cv::Scalar mean, spread;
  cv::meanStdDev(grey(cv::Rect(middle - width / 2, middle - width / 2, width, width)), mean, spread);
  cv::Mat1f means;
  const int cell = static_cast<int>(ForamenFinder::kCellMm);
  cv::boxFilter(grey, means, CV_32F, {cell, cell}, {-1, -1}, true, cv::BORDER_REPLICATE);
  return cv::Mat1f((means - mean[0]) / std::max(spread[0], kLeastSpread));
}

/// The cells around a pixel, of one slice, into its part of a look.
void add_look(const cv::Mat1f& means, cv::Point pixel, ForamenLook::iterator look) {
  const int half = ForamenFinder::kCells / 2, cell = static_cast<int>(ForamenFinder::kCellMm);
  for (int row = -half; row <= half; ++row) {
    for (int column = -half; column <= half; ++column) {
      *look++ = means(pixel.y + row * cell, pixel.x + column * cell);
    }
  }
}

ForamenPlace place_at(const Crop& crop, const std::vector<cv::Mat1f>& means, int slice, cv::Point step,
                      const Vector3& usual) {
  const int middle = crop.size_px / 2;
  const cv::Point offset_mm = step * kStepMm;  // pixels are 1 mm
  ForamenPlace place;
  place.slice = slice;
  const Vector3& centre = crop.slice_middle_patient[static_cast<size_t>(slice)];
  place.point_patient = centre + offset_mm.x * crop.column_direction + offset_mm.y * crop.row_direction;
  const double aside = (centre - usual).norm() / kAsideSdMm, in_plane = cv::norm(offset_mm) / kInPlaneSdMm;
  place.log_prior = -(aside * aside + in_plane * in_plane) / 2;
  for (int side = 0; side < ForamenFinder::kSlices; ++side) {
    const auto own = static_cast<size_t>(slice),
               beside = static_cast<size_t>(slice + side - ForamenFinder::kSlices / 2);
    add_look(means[beside].empty() ? means[own] : means[beside], cv::Point(middle, middle) + offset_mm,
             place.look.begin() + side * (ForamenFinder::kCells * ForamenFinder::kCells));
  }
  return place;
}

}  // namespace

std::vector<ForamenPlace> foramen_places(const std::vector<const Volume*>& sagittal, const CropPlacement& usual) {
  std::vector<ForamenPlace> places;
  const auto crop = cut_crop(sagittal, usual, finder_view());
  if (!crop) return places;
  std::vector<cv::Mat1f> means;
  for (int slice = 0; slice < crop->slices; ++slice) means.push_back(cell_means(*crop, slice));
  for (int slice = 1; slice + 1 < crop->slices; ++slice) {
    const auto at = static_cast<size_t>(slice);
    if (means[at].empty() || (crop->slice_middle_patient[at] - usual.point_patient).norm() > kFarthestAsideMm) continue;
    for (int row = -kReachSteps; row <= kReachSteps; ++row) {
      for (int column = -kReachSteps; column <= kReachSteps; ++column) {
        places.push_back(place_at(*crop, means, slice, {column, row}, usual.point_patient));
      }
    }
  }
  return places;
}

std::vector<double> place_probabilities(const std::vector<ForamenPlace>& places, const ForamenFinder& finder) {
  std::vector<double> scores;
  for (const ForamenPlace& place : places) {
    scores.push_back(std::inner_product(place.look.begin(), place.look.end(), finder.weights.begin(), place.log_prior));
  }
  return softmax_of(std::move(scores));
}

std::optional<Vector3> find_foramen(const std::vector<ForamenPlace>& places, const ForamenFinder& finder) {
  if (places.empty()) return std::nullopt;
  const std::vector<double> probabilities = place_probabilities(places, finder);
  std::map<int, double> of_slice;
  for (size_t k = 0; k < places.size(); ++k) of_slice[places[k].slice] += probabilities[k];
  const int slice = std::max_element(of_slice.begin(), of_slice.end(), [](const auto& a, const auto& b) {
                      return a.second < b.second;
                    })->first;
  size_t peak = places.size();
  for (size_t k = 0; k < places.size(); ++k) {
    const bool is_likelier = peak == places.size() || probabilities[k] > probabilities[peak];
    if (places[k].slice == slice && is_likelier) peak = k;
  }
  Vector3 sum = Vector3::Zero();
  double weight = 0;
  for (size_t k = 0; k < places.size(); ++k) {
    if (places[k].slice != slice) continue;
    if ((places[k].point_patient - places[peak].point_patient).norm() > kPeakMm) continue;
    sum += probabilities[k] * places[k].point_patient;
    weight += probabilities[k];
  }
  return Vector3(sum / weight);
}

}  // namespace lumbargrade
