#include "levels/canal_profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

// docs/sources.md, "Locator: from maps to names", unless said otherwise.
constexpr double kNearestBehindChainMm = 2;
constexpr double kFarthestBehindChainMm = 45;
constexpr double kMinimumAreaMm2 = 60;      // ours: smaller specks are not a canal
constexpr double kReachBeyondChainMm = 45;  // ours: the canal is followed this far past the first and last disc
constexpr double kLineSmoothingMm = 4;
// The network is trained to miss no canal, so its one-half line runs outside the sac; measured on training patients.
constexpr float kOutline = 0.65F;
constexpr double kFaintReachMm = 10;          // ours
constexpr double kFarthestBehindEdgeMm = 25;  // ours: from the disc to the middle of its canal
constexpr double kUntrustedEndMm = 5;
constexpr double kSearchAroundDiscMm = 7;

/// Where the chain stands at height `y_mm`, continued straight past its ends.
double chain_x_mm(const std::vector<DiscCandidate>& discs, double y_mm) {
  if (discs.size() < 2) return discs.front().centre_mm.x;
  size_t below = 1;
  while (below + 1 < discs.size() && discs[below].centre_mm.y < y_mm) ++below;
  const cv::Point2d a = discs[below - 1].centre_mm;
  const cv::Point2d b = discs[below].centre_mm;
  return a.x + (b.x - a.x) * (y_mm - a.y) / std::max(1e-6, b.y - a.y);
}

/// The canal's probability with everything cleared that is not behind the chain or too small.
cv::Mat1f canal_behind_chain(const cv::Mat1f& canal, double pixel_mm, const DiscChain& chain) {
  cv::Mat1f kept(canal.size(), 0.0F);
  const double top = chain.discs.front().centre_mm.y - kReachBeyondChainMm;
  const double bottom = chain.discs.back().centre_mm.y + kReachBeyondChainMm;
  for (int row = 0; row < kept.rows; ++row) {
    const double y_mm = row * pixel_mm;
    if (y_mm < top || y_mm > bottom) continue;
    const double chain_x = chain_x_mm(chain.discs, y_mm);
    const auto column_at = [&](double behind_mm) { return (chain_x + behind_mm) / pixel_mm; };
    const int first = std::max(0, static_cast<int>(std::ceil(column_at(kNearestBehindChainMm))));
    const int last = std::min(kept.cols - 1, static_cast<int>(std::floor(column_at(kFarthestBehindChainMm))));
    for (int column = first; column <= last; ++column) kept(row, column) = canal(row, column);
  }
  const cv::Mat1b seen(kept > 0.25F);
  const cv::Rect part = cv::boundingRect(seen);
  if (part.empty()) return kept;
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(seen(part), labels, stats, centroids);
  for (int label = 1; label < count; ++label) {
    const bool is_speck = stats.at<int>(label, cv::CC_STAT_AREA) * pixel_mm * pixel_mm < kMinimumAreaMm2;
    if (is_speck) kept(part).setTo(0, labels == label);
  }
  return kept;
}

/// Centroid of each row, gaps interpolated, smoothed. Only rows between the first and last with canal.
std::vector<cv::Point2d> centre_line(const cv::Mat1f& canal, double pixel_mm) {
  cv::Mat1d x_mm(canal.rows, 1, -1.0);
  int first = -1;
  int last = -1;
  for (int row = 0; row < canal.rows; ++row) {
    double weight = 0;
    double sum = 0;
    for (int column = 0; column < canal.cols; ++column) {
      if (canal(row, column) < 0.25F) continue;
      weight += double{canal(row, column)};
      sum += double{canal(row, column)} * column;
    }
    if (weight * pixel_mm < 1) continue;
    x_mm(row) = sum / weight * pixel_mm;
    if (first < 0) first = row;
    last = row;
  }
  if (first < 0 || (last - first) * pixel_mm < 2 * kUntrustedEndMm) return {};

  cv::Mat1d line(last - first + 1, 1);
  int before = first;
  for (int row = first; row <= last; ++row) {
    if (x_mm(row) < 0) continue;
    for (int gap = before; gap <= row; ++gap) {
      const double t = row == before ? 0 : double(gap - before) / (row - before);
      line(gap - first) = (1 - t) * x_mm(before) + t * x_mm(row);
    }
    before = row;
  }
  cv::Mat1d smooth;
  cv::GaussianBlur(line, smooth, {1, 0}, 1e-3, kLineSmoothingMm / pixel_mm, cv::BORDER_REPLICATE);
  std::vector<cv::Point2d> points;
  for (int k = 0; k < smooth.rows; ++k) points.emplace_back(smooth(k), (first + k) * pixel_mm);
  return points;
}

/// Integral of the canal's probability along a row, as far as it is one piece around the middle: what is left where
/// the canal is too faint to have an outline.
double faint_width_mm(const cv::Mat1f& canal, double pixel_mm, cv::Point2d middle_mm) {
  const int row = static_cast<int>(std::lround(middle_mm.y / pixel_mm));
  const int reach = static_cast<int>(kFaintReachMm / pixel_mm);
  const int middle = static_cast<int>(std::lround(middle_mm.x / pixel_mm));
  double width = 0;
  for (int column = std::max(0, middle - reach); column <= std::min(canal.cols - 1, middle + reach); ++column) {
    width += canal(row, column) * pixel_mm;
  }
  return width;
}

/// The part of the map that holds the outline and what its pixels are interpolated and measured with.
cv::Rect around_outline(const cv::Mat1f& canal) {
  constexpr int kMarginPx = 2;
  const cv::Rect outlined = cv::boundingRect(canal > kOutline);
  if (outlined.empty()) return outlined;
  return cv::Rect(outlined.x - kMarginPx, outlined.y - kMarginPx, outlined.width + 2 * kMarginPx,
                  outlined.height + 2 * kMarginPx) &
         cv::Rect({}, canal.size());
}

/// For each row, the diameter of the largest circle inside the canal's outline whose centre lies on that row; 0 where
/// there is no outline. The outline is drawn at twice the map's resolution.
std::vector<double> inscribed_diameters_mm(const cv::Mat1f& canal, double pixel_mm) {
  std::vector<double> diameters(static_cast<size_t>(canal.rows), 0);
  const cv::Rect part = around_outline(canal);
  if (part.empty()) return diameters;
  cv::Mat1f fine;
  cv::resize(canal(part), fine, {}, 2, 2, cv::INTER_LINEAR);
  cv::Mat1f distance;
  cv::distanceTransform(fine > kOutline, distance, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  for (int row = 0; row < distance.rows; ++row) {
    double farthest = 0;
    cv::minMaxLoc(distance.row(row), nullptr, &farthest);
    // Distances run to the centre of the nearest pixel outside. A band of n pixels gives n for even and n + 1 for odd
    // n.
    const double diameter_mm = std::max(0.0, 2 * farthest - 0.5) * pixel_mm / 2;
    double& widest = diameters[static_cast<size_t>(part.y) + static_cast<size_t>(row / 2)];
    widest = std::max(widest, diameter_mm);
  }
  return diameters;
}

size_t steps(const CanalProfile& profile, double mm) {
  return static_cast<size_t>(std::lround(mm / profile.step_mm));
}

}  // namespace

CanalProfile measure_canal(const cv::Mat1f& canal, double pixel_mm, const DiscChain& chain) {
  CanalProfile profile;
  profile.step_mm = pixel_mm;
  if (chain.discs.empty()) return profile;
  const cv::Mat1f kept = canal_behind_chain(canal, pixel_mm, chain);
  profile.line_mm = centre_line(kept, pixel_mm);
  if (profile.empty()) return profile;

  const std::vector<double> inscribed = inscribed_diameters_mm(kept, pixel_mm);
  for (const cv::Point2d& point : profile.line_mm) {
    const double diameter_mm = inscribed[static_cast<size_t>(std::lround(point.y / pixel_mm))];
    profile.diameter_mm.push_back(diameter_mm > 0 ? diameter_mm : faint_width_mm(kept, pixel_mm, point));
  }
  return profile;
}

std::optional<CanalAtDisc> canal_at_disc(const CanalProfile& profile, const DiscCandidate& disc) {
  if (profile.empty()) return std::nullopt;
  const cv::Point2d posterior_edge = disc.centre_mm + disc.posterior * disc.posterior_reach_mm;
  size_t nearest = 0;
  double least = 1e9;
  for (size_t k = 0; k < profile.line_mm.size(); ++k) {
    const double distance = cv::norm(profile.line_mm[k] - posterior_edge);
    if (distance < least) least = distance, nearest = k;
  }
  const size_t end = steps(profile, kUntrustedEndMm);
  if (least > kFarthestBehindEdgeMm || nearest < end || nearest + end >= profile.line_mm.size()) return std::nullopt;

  CanalAtDisc at{nearest, profile.line_mm[nearest], profile.diameter_mm[nearest]};
  const size_t reach = steps(profile, kSearchAroundDiscMm);
  const size_t from = std::max(end, nearest > reach ? nearest - reach : 0);
  const size_t to = std::min(profile.line_mm.size() - end - 1, nearest + reach);
  for (size_t k = from; k <= to; ++k) at.diameter_mm = std::min(at.diameter_mm, profile.diameter_mm[k]);
  return at;
}

std::span<const double> values_around(const CanalProfile& profile, const std::vector<double>& values, size_t middle,
                                      double reach_mm) {
  const size_t reach = steps(profile, reach_mm), first = middle - std::min(middle, reach);
  return std::span(values).subspan(first, std::min(middle + reach + 1, values.size()) - first);
}

std::optional<double> mean_beside(const CanalProfile& profile, const std::vector<double>& values,
                                  const std::vector<DiscCandidate>& discs, size_t disc) {
  std::vector<double> medians;
  const auto add = [&](size_t above, size_t below) {
    const auto from = canal_at_disc(profile, discs[above]), to = canal_at_disc(profile, discs[below]);
    if (!from || !to || to->index <= from->index) return;
    const auto between = values_around(profile, values, (from->index + to->index) / 2, kReferenceReachMm);
    medians.push_back(median_of({between.begin(), between.end()}));
  };
  if (disc > 0) add(disc - 1, disc);
  if (disc + 1 < discs.size()) add(disc, disc + 1);
  if (medians.empty()) return std::nullopt;
  return std::accumulate(medians.begin(), medians.end(), 0.0) / static_cast<double>(medians.size());
}

std::optional<CanalMeasure> profile_measure(const SliceProfiles& profiles, const std::vector<DiscCandidate>& discs,
                                            size_t disc, const std::vector<int>& slices) {
  CanalMeasure measure;
  std::vector<double> diameters, references;
  for (const int k : slices) {
    const CanalProfile& profile = profiles.at(k);
    const auto canal = canal_at_disc(profile, discs[disc]);
    if (!canal) continue;
    if (diameters.empty()) measure.slice = k;
    diameters.push_back(canal->diameter_mm);
    if (const auto beside = mean_beside(profile, profile.diameter_mm, discs, disc)) references.push_back(*beside);
  }
  if (diameters.empty()) return std::nullopt;
  measure.diameter_mm = median_of(diameters);
  if (!references.empty()) measure.reference_mm = median_of(references);
  return measure;
}

}  // namespace lumbargrade
