#include "grades/axial_sac.h"

#include <opencv2/imgproc.hpp>

#include "core/statistics.h"
#include "grades/otsu.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

constexpr double kAxialPixelMm = 0.4;
constexpr int kAxialSizePx = 101;  // odd: one pixel is the point
constexpr int kMiddlePx = kAxialSizePx / 2;
constexpr double kAroundSacMm = 15;
constexpr double kInnerMm = 8;
constexpr double kMiddleHalfWidthMm = 1;
constexpr double kRecessFromMm = 4;
constexpr double kRecessToMm = 13;
constexpr double kInFrontMm = 8;
constexpr double kBehindMm = 5;
constexpr size_t kFewestRecesses = 4;
/// Beyond it what is bright is fat beside a canal without fluid (docs/sources.md).
constexpr double kFarthestCentreMm = 8;
/// To the side, of the level's own canal point and of the study's line.
constexpr double kAsideOfPointMm = 4.5;
constexpr double kAsideOfLineMm = 5;
constexpr size_t kFewestLevelsOfALine = 3;

View axial_surroundings() {
  View view;
  view.name = "sac";
  view.series = SeriesRole::AxialT2;
  view.anchor = Anchor::Canal;
  view.slices = 1;
  view.size_px = kAxialSizePx;
  view.pixel_mm = kAxialPixelMm;
  return view;
}

/// A pixel's place in mm from the crop's middle: x to the patient's left, y backwards.
cv::Point2d place_mm(int column, int row) {
  return {(column - kMiddlePx) * kAxialPixelMm, (row - kMiddlePx) * kAxialPixelMm};
}

cv::Mat1b within(double radius_mm) {
  cv::Mat1b disc(kAxialSizePx, kAxialSizePx, uchar{0});
  const cv::Point middle(kMiddlePx, kMiddlePx);
  cv::circle(disc, middle, static_cast<int>(radius_mm / kAxialPixelMm), cv::Scalar(255), cv::FILLED);
  return disc;
}

/// What is brighter than Otsu's threshold of the pixels around the point, within 15 mm.
cv::Mat1b bright_pixels(const cv::Mat1b& image) {
  const cv::Mat1b around = within(kAroundSacMm);
  std::vector<uchar> values;
  for (int row = 0; row < image.rows; ++row) {
    for (int column = 0; column < image.cols; ++column) {
      if (around(row, column) != 0) values.push_back(image(row, column));
    }
  }
  return cv::Mat1b((image > otsu_threshold(values)) & around);
}

/// The component that fills most of the inner part; empty where nothing bright is there.
cv::Mat1b sac_of(const cv::Mat1b& bright) {
  cv::Mat1i labels;
  const int count = cv::connectedComponents(bright, labels, 8, CV_32S);
  const cv::Mat1b inner = within(kInnerMm);
  int best = 0, most = 0;
  for (int label = 1; label < count; ++label) {
    const int filled = cv::countNonZero((labels == label) & inner);
    if (filled > most) most = filled, best = label;
  }
  return best == 0 ? cv::Mat1b() : cv::Mat1b(labels == best);
}

double extent_at_middle_mm(const cv::Mat1b& sac, double centre_mm) {
  double pixels = 0, columns = 0;
  for (int column = 0; column < sac.cols; ++column) {
    if (std::abs(place_mm(column, 0).x - centre_mm) > kMiddleHalfWidthMm) continue;
    pixels += cv::countNonZero(sac.col(column));
    ++columns;
  }
  return columns > 0 ? pixels / columns * kAxialPixelMm : 0;
}

/// `direction`: 1 for the left, -1 for the right.
double area_beside_mm2(const cv::Mat1b& sac, cv::Point2d centre_mm, double direction) {
  int pixels = 0;
  for (int row = 0; row < sac.rows; ++row) {
    for (int column = 0; column < sac.cols; ++column) {
      if (sac(row, column) == 0) continue;
      const cv::Point2d offset = place_mm(column, row) - centre_mm;
      const double aside = direction * offset.x;
      pixels += aside >= kRecessFromMm && aside <= kRecessToMm && offset.y >= -kInFrontMm && offset.y <= kBehindMm;
    }
  }
  return pixels * kAxialPixelMm * kAxialPixelMm;
}

/// How far to the patient's left something is at a level (0 to 4).
struct LateralPlace {
  double level = 0;
  double mm = 0;
};

/// Residuals from the line of the median slope between different levels and the median intercept (Theil 1950, Sen
/// 1968).
std::vector<double> beside_line_mm(const std::vector<LateralPlace>& places) {
  std::vector<double> slopes, residuals_mm;
  for (const LateralPlace& a : places) {
    for (const LateralPlace& b : places) {
      if (b.level > a.level) slopes.push_back((b.mm - a.mm) / (b.level - a.level));
    }
  }
  const double slope_mm = slopes.empty() ? 0 : median_of(std::move(slopes));
  for (const LateralPlace& place : places) residuals_mm.push_back(place.mm - slope_mm * place.level);
  const double intercept_mm = median_of(residuals_mm);
  for (double& residual : residuals_mm) residual -= intercept_mm;
  return residuals_mm;
}

Vector3 middle_of(const AxialMeasure& measure) {
  return (measure.recess(Side::Left).point_patient + measure.recess(Side::Right).point_patient) / 2;
}

/// Takes out what is no sac (axial_sac.h).
void leave_out_what_lies_aside(const Spine& spine, AxialMeasures& measures) {
  Vector3 to_left = Vector3::Zero();
  for (size_t k = 0; k < measures.size(); ++k) {
    if (measures[k]) to_left += spine.levels[k]->left;
  }
  to_left.normalize();
  std::vector<size_t> levels;
  std::vector<LateralPlace> places;
  for (size_t k = 0; k < measures.size(); ++k) {
    if (!measures[k]) continue;
    const auto level = static_cast<double>(k);
    levels.push_back(k);
    places.push_back({level, to_left.dot(middle_of(*measures[k]))});
    places.push_back({level, to_left.dot(*spine.levels[k]->canal_patient)});
  }
  if (levels.size() < kFewestLevelsOfALine) return;
  const std::vector<double> aside_mm = beside_line_mm(places);
  for (size_t n = 0; n < levels.size(); ++n) {
    const bool is_aside = std::abs(places[2 * n].mm - places[2 * n + 1].mm) > kAsideOfPointMm;
    if (is_aside && std::abs(aside_mm[2 * n]) > kAsideOfLineMm) measures[levels[n]].reset();
  }
}

}  // namespace

std::optional<AxialMeasure> measure_axial_level(const std::vector<const Volume*>& axial, const LevelFrame& frame) {
  if (!frame.canal_patient) return std::nullopt;
  const CropPlacement placement = usual_placement(frame, Anchor::Canal, std::nullopt);
  const auto crop = cut_crop(axial, placement, axial_surroundings());
  if (!crop || crop->slice_valid.front() == 0) return std::nullopt;
  const cv::Mat1b image(kAxialSizePx, kAxialSizePx, const_cast<uchar*>(crop->pixels.data()));  // not written to
  const cv::Mat1b sac = sac_of(bright_pixels(image));
  if (sac.empty()) return std::nullopt;
  const cv::Moments moments = cv::moments(sac, true);
  const cv::Point2d centre_mm((moments.m10 / moments.m00 - kMiddlePx) * kAxialPixelMm,
                              (moments.m01 / moments.m00 - kMiddlePx) * kAxialPixelMm);
  if (cv::norm(centre_mm) > kFarthestCentreMm) return std::nullopt;
  AxialMeasure measure;
  measure.sac_area_mm2 = moments.m00 * kAxialPixelMm * kAxialPixelMm;
  measure.sac_ap_mm = extent_at_middle_mm(sac, centre_mm.x);
  for (const Side side : {Side::Left, Side::Right}) {
    const double direction = side == Side::Left ? 1 : -1;
    const double aside_mm = centre_mm.x + direction * (kRecessFromMm + kRecessToMm) / 2;
    measure.recesses[index_of(side)] = {
        area_beside_mm2(sac, centre_mm, direction),
        placement.point_patient + aside_mm * placement.lateral + centre_mm.y * placement.posterior};
  }
  measure.series_instance_uid = crop->series_instance_uid;
  measure.sop_instance_uid = crop->sop_instance_uid;
  return measure;
}

AxialMeasures measure_axial(const Study& study, const Spine& spine) {
  AxialMeasures measures;
  const auto volumes = volumes_of(study, SeriesRole::AxialT2);
  if (volumes.empty()) return measures;
  parallel_for(measures.size(), [&](size_t k) {
    if (spine.levels[k]) measures[k] = measure_axial_level(volumes, *spine.levels[k]);
  });
  leave_out_what_lies_aside(spine, measures);
  return measures;
}

std::optional<double> usual_recess_area_mm2(const AxialMeasures& measures) {
  std::vector<double> areas;
  for (const auto& measure : measures) {
    if (!measure) continue;
    for (const RecessArea& recess : measure->recesses) areas.push_back(recess.area_mm2);
  }
  if (areas.size() < kFewestRecesses) return std::nullopt;
  return median_of(std::move(areas));
}

}  // namespace lumbargrade
