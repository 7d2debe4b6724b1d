#include "levels/recess_outline.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr double kRecessMm = 7;
constexpr double kRecessReachMm = 1;
constexpr double kThickRecessReachMm = 2;  // where slices lie farther apart than this
constexpr double kRecessHalfHeightMm = 3;
constexpr double kInFrontOfEdgeMm = 6;
constexpr double kBehindEdgeMm = 25;

int outline_pixels(double mm) {
  return static_cast<int>(mm / kOutlinePixelMm);
}

/// Antero-posterior extent of the canal behind a disc in one slice, and its middle.
struct Extent {
  double depth_mm = 0;
  cv::Point2d middle_px;
};

Extent extent_behind(const CanalStrip& strip, const DiscEdge& disc, const cv::Mat1f& canal) {
  const cv::Point2d edge = strip.pixel(disc.edge_patient);
  const cv::Point2d back = strip.pixel(disc.edge_patient + disc.posterior) - edge;  // 1 mm
  const cv::Point2d up = strip.pixel(disc.edge_patient + disc.up) - edge;
  const int columns = outline_pixels(kInFrontOfEdgeMm + kBehindEdgeMm);
  const int rows = 2 * outline_pixels(kRecessHalfHeightMm) + 1;
  const cv::Point2d step_back = back * kOutlinePixelMm;
  const cv::Point2d step_down = up * -kOutlinePixelMm;
  const cv::Point2d first = edge - back * kInFrontOfEdgeMm - step_down * (rows / 2);
  const cv::Matx23d strip_from_patch(step_back.x, step_down.x, first.x, step_back.y, step_down.y, first.y);
  cv::Mat1f patch;
  cv::warpAffine(canal, patch, strip_from_patch, {columns, rows}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, 0);
  Extent extent;
  const double sum = cv::sum(patch)[0];
  extent.depth_mm = sum / rows * kOutlinePixelMm;
  const cv::Moments moments = cv::moments(patch);
  const double column = sum > 0 ? moments.m10 / moments.m00 : kInFrontOfEdgeMm / kOutlinePixelMm;
  extent.middle_px = edge + back * (column * kOutlinePixelMm - kInFrontOfEdgeMm);
  return extent;
}

}  // namespace

bool shows_recess(const CanalStrip& strip, double aside_mm) {
  return std::abs(aside_mm - kRecessMm) <=
         (strip.positions.usual_step_mm() > kThickRecessReachMm ? kThickRecessReachMm : kRecessReachMm);
}

std::optional<RecessMeasure> recess_measure(const CanalStrip& strip, const DiscEdge& disc,
                                            const std::vector<cv::Mat1f>& canal, double direction) {
  const double middle_mm = strip.positions.height_mm(disc.edge_patient);
  std::vector<double> depths;
  cv::Point2d place;
  double place_slice = 0;
  for (size_t k = 0; k < canal.size(); ++k) {
    const double aside_mm = (strip.positions.height_of(static_cast<double>(k)) - middle_mm) * direction;
    if (canal[k].empty() || !shows_recess(strip, aside_mm)) continue;
    const Extent extent = extent_behind(strip, disc, canal[k]);
    depths.push_back(extent.depth_mm);
    place = place + extent.middle_px;
    place_slice += static_cast<double>(k);
  }
  if (depths.empty()) return std::nullopt;
  const double share = 1 / static_cast<double>(depths.size());
  const int slice = static_cast<int>(std::lround(place_slice * share));
  return RecessMeasure{median_of(depths), strip.patient(place * share, slice), slice};
}

}  // namespace lumbargrade
