#include "grades/foramen.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "grades/otsu.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

constexpr double kFatMm = 9;
constexpr double kAroundMm = 30;
// The search for the fat-filled gap around the usual place (ours, tried on phantoms: benchmarks/phantom_places.py).
constexpr double kGapMm = 5;
constexpr double kFarthestGapMm = 4;
constexpr double kPlaceMm = 4;
constexpr double kFatAgainstPlace = 2;

View foramen_surroundings() {
  View view;
  view.name = "foramen";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = 1;
  view.size_px = 121;  // odd: one pixel is the point
  view.pixel_mm = 2 * kAroundMm / (view.size_px - 1);
  return view;
}

/// Calls `visit` with each grey value of a crop of one slice that lies within `radius_mm` of its middle.
template <typename Visit>
void for_each_within(const Crop& crop, double pixel_mm, double radius_mm, const Visit& visit) {
  const int middle = crop.size_px / 2;
  const double radius_px = radius_mm / pixel_mm;
  const auto square = [](double offset_px) { return offset_px * offset_px; };
  for (int row = 0; row < crop.size_px; ++row) {
    for (int column = 0; column < crop.size_px; ++column) {
      if (square(row - middle) + square(column - middle) > square(radius_px)) continue;
      visit(crop.pixels[static_cast<size_t>(row) * static_cast<size_t>(crop.size_px) + static_cast<size_t>(column)]);
    }
  }
}

/// Where fat is, 1, and where not, 0.
cv::Mat1f fat_of(const Crop& crop, double pixel_mm) {
  std::vector<std::uint8_t> surroundings;
  for_each_within(crop, pixel_mm, kAroundMm, [&](std::uint8_t grey) { surroundings.push_back(grey); });
  const double threshold = otsu_threshold(surroundings);
  cv::Mat1f fat(crop.size_px, crop.size_px);
  std::transform(crop.pixels.begin(), crop.pixels.end(), fat.begin(),
                 [&](std::uint8_t grey) { return grey > threshold ? 1.0F : 0.0F; });
  return fat;
}

cv::Mat1f disc_kernel(double radius_mm, double pixel_mm) {
  const int radius_px = static_cast<int>(std::lround(radius_mm / pixel_mm));
  cv::Mat1f kernel(2 * radius_px + 1, 2 * radius_px + 1, 0.0F);
  cv::circle(kernel, {radius_px, radius_px}, radius_px, cv::Scalar(1), cv::FILLED);
  return cv::Mat1f(kernel / cv::sum(kernel)[0]);
}

/// The fat-filled gap: where most of the pixels within 5 mm are fat, the less so the farther it is from the usual
/// place. In mm from the crop's middle, columns and rows.
cv::Point2d gap_mm(const cv::Mat1f& fat, double pixel_mm) {
  cv::Mat1f share;
  cv::filter2D(fat, share, CV_32F, disc_kernel(kGapMm, pixel_mm), {-1, -1}, 0, cv::BORDER_CONSTANT);
  const int middle = fat.rows / 2;
  cv::Point2d best;
  double most = -1e9;
  for (int row = 0; row < fat.rows; ++row) {
    for (int column = 0; column < fat.cols; ++column) {
      const cv::Point2d away((column - middle) * pixel_mm, (row - middle) * pixel_mm);
      if (cv::norm(away) > kFarthestGapMm) continue;
      const double value = kFatAgainstPlace * double{share(row, column)} - away.dot(away) / (2 * kPlaceMm * kPlaceMm);
      if (value > most) most = value, best = away;
    }
  }
  return best;
}

/// Share of fat within 9 mm of a place.
double fat_share(const cv::Mat1f& fat, cv::Point2d place_mm, double pixel_mm) {
  const int middle = fat.rows / 2;
  double bright = 0, all = 0;
  for (int row = 0; row < fat.rows; ++row) {
    for (int column = 0; column < fat.cols; ++column) {
      const cv::Point2d at((column - middle) * pixel_mm, (row - middle) * pixel_mm);
      if (cv::norm(at - place_mm) > kFatMm) continue;
      bright += double{fat(row, column)};
      ++all;
    }
  }
  return bright / all;
}

}  // namespace

std::optional<ForamenMeasure> measure_foramen(const std::vector<const Volume*>& sagittal_t1,
                                              const CropPlacement& placement, ForamenSearch search) {
  const View view = foramen_surroundings();
  const auto crop = cut_crop(sagittal_t1, placement, view);
  if (!crop || crop->slice_valid.front() == 0) return std::nullopt;
  const cv::Mat1f fat = fat_of(*crop, view.pixel_mm);
  const cv::Point2d place_mm = search == ForamenSearch::InPlane ? gap_mm(fat, view.pixel_mm) : cv::Point2d();
  const Vector3 point = crop->point_patient + place_mm.x * placement.posterior - place_mm.y * placement.up;
  return ForamenMeasure{fat_share(fat, place_mm, view.pixel_mm), point, crop->series_instance_uid,
                        crop->sop_instance_uid};
}

ForamenMeasures measure_foramina(const Study& study, const Spine& spine) {
  ForamenMeasures measures;
  const auto volumes = volumes_of(study, SeriesRole::SagittalT1);
  if (volumes.empty()) return measures;
  parallel_for(measures.size(), [&](size_t k) {
    const Finding& finding = all_findings()[k];
    const auto& frame = spine.levels[index_of(finding.level)];
    if (finding.condition != Condition::NeuralForaminalNarrowing || !frame) return;
    measures[k] = measure_foramen(volumes, place_crop(*frame, Anchor::Foramen, finding.side), ForamenSearch::InPlane);
  });
  return measures;
}

}  // namespace lumbargrade
