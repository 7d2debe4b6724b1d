#include "levels/canal_profile.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

// shared/reference/locator.md, "Canal", unless said otherwise.
constexpr double kNearestBehindChainMm = 2;
constexpr double kFarthestBehindChainMm = 45;
constexpr double kMinimumAreaMm2 = 60;      // ours: smaller specks are not a canal
constexpr double kReachBeyondChainMm = 45;  // ours: the canal is followed this far past the first and last disc
constexpr double kLineSmoothingMm = 4;
constexpr double kNormalReachMm = 14;
constexpr double kNormalStepMm = 0.3;
constexpr double kDiameterMeanMm = 2;
constexpr double kUntrustedEndMm = 5;
constexpr double kSearchAroundDiscMm = 7;
constexpr double kReferenceReachMm = 4;

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
  cv::Mat1f kept = canal.clone();
  const double top = chain.discs.front().centre_mm.y - kReachBeyondChainMm;
  const double bottom = chain.discs.back().centre_mm.y + kReachBeyondChainMm;
  for (int row = 0; row < kept.rows; ++row) {
    const double y_mm = row * pixel_mm;
    const double chain_x = chain_x_mm(chain.discs, y_mm);
    for (int column = 0; column < kept.cols; ++column) {
      const double behind = column * pixel_mm - chain_x;
      if (y_mm < top || y_mm > bottom || behind < kNearestBehindChainMm || behind > kFarthestBehindChainMm) {
        kept(row, column) = 0;
      }
    }
  }
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(kept > 0.25F, labels, stats, centroids);
  for (int label = 1; label < count; ++label) {
    if (stats.at<int>(label, cv::CC_STAT_AREA) * pixel_mm * pixel_mm < kMinimumAreaMm2) kept.setTo(0, labels == label);
  }
  return kept;
}

/// Centroid of each row, gaps interpolated, smoothed. Only rows between the first and last with canal.
std::vector<cv::Point2d> centre_line(const cv::Mat1f& canal, double pixel_mm) {
  std::vector<double> x_mm(static_cast<size_t>(canal.rows), -1);
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
    x_mm[static_cast<size_t>(row)] = sum / weight * pixel_mm;
    if (first < 0) first = row;
    last = row;
  }
  if (first < 0 || (last - first) * pixel_mm < 2 * kUntrustedEndMm) return {};

  cv::Mat1d line(last - first + 1, 1);
  int before = first;
  for (int row = first; row <= last; ++row) {
    if (x_mm[static_cast<size_t>(row)] < 0) continue;
    for (int gap = before; gap <= row; ++gap) {
      const double t = row == before ? 0 : double(gap - before) / (row - before);
      line(gap - first) = (1 - t) * x_mm[static_cast<size_t>(before)] + t * x_mm[static_cast<size_t>(row)];
    }
    before = row;
  }
  cv::Mat1d smooth;
  cv::GaussianBlur(line, smooth, {1, 0}, 1e-3, kLineSmoothingMm / pixel_mm, cv::BORDER_REPLICATE);
  std::vector<cv::Point2d> points;
  for (int k = 0; k < smooth.rows; ++k) points.emplace_back(smooth(k), (first + k) * pixel_mm);
  return points;
}

float interpolated(const cv::Mat1f& map, double column, double row) {
  const int c = static_cast<int>(std::floor(column));
  const int r = static_cast<int>(std::floor(row));
  if (c < 0 || r < 0 || c + 1 >= map.cols || r + 1 >= map.rows) return 0;
  const auto u = static_cast<float>(column - c);
  const auto v = static_cast<float>(row - r);
  return (1 - v) * ((1 - u) * map(r, c) + u * map(r, c + 1)) + v * ((1 - u) * map(r + 1, c) + u * map(r + 1, c + 1));
}

/// Integral of the canal's probability along the normal, as far as it is one piece around the middle.
double width_along(const cv::Mat1f& canal, double pixel_mm, cv::Point2d middle_mm, cv::Point2d normal) {
  double width = 0;
  for (const double direction : {-1.0, 1.0}) {
    for (double t = kNormalStepMm / 2; t < kNormalReachMm; t += kNormalStepMm) {
      const cv::Point2d point = (middle_mm + normal * (direction * t)) * (1 / pixel_mm);
      const float probability = interpolated(canal, point.x, point.y);
      if (probability < 0.05F && t > 2) break;
      width += probability * kNormalStepMm;
    }
  }
  return width;
}

double median_of(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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

  const int n = static_cast<int>(profile.line_mm.size());
  cv::Mat1d width(n, 1);
  for (int k = 0; k < n; ++k) {
    const cv::Point2d tangent = profile.line_mm[static_cast<size_t>(std::min(n - 1, k + 2))] -
                                profile.line_mm[static_cast<size_t>(std::max(0, k - 2))];
    const double length = std::hypot(tangent.x, tangent.y);
    width(k) =
        width_along(kept, pixel_mm, profile.line_mm[static_cast<size_t>(k)], {tangent.y / length, -tangent.x / length});
  }
  const int window = std::max(1, static_cast<int>(std::lround(kDiameterMeanMm / pixel_mm)) | 1);
  cv::Mat1d mean;
  cv::blur(width, mean, {1, window}, {-1, -1}, cv::BORDER_REPLICATE);
  profile.diameter_mm.assign(mean.begin(), mean.end());
  return profile;
}

std::optional<CanalAtDisc> canal_at_disc(const CanalProfile& profile, const DiscCandidate& disc) {
  if (profile.empty()) return std::nullopt;
  const cv::Point2d down(-disc.posterior.y, disc.posterior.x);
  size_t nearest = 0;
  double least = 1e9;
  for (size_t k = 0; k < profile.line_mm.size(); ++k) {
    const cv::Point2d offset = profile.line_mm[k] - disc.centre_mm;
    if (offset.dot(disc.posterior) <= 0) continue;
    if (const double miss = std::abs(offset.dot(down)); miss < least) least = miss, nearest = k;
  }
  const size_t end = steps(profile, kUntrustedEndMm);
  if (least > 2 * profile.step_mm || nearest < end || nearest + end >= profile.line_mm.size()) return std::nullopt;

  CanalAtDisc at{nearest, profile.line_mm[nearest], profile.diameter_mm[nearest]};
  const size_t reach = steps(profile, kSearchAroundDiscMm);
  const size_t from = std::max(end, nearest > reach ? nearest - reach : 0);
  const size_t to = std::min(profile.line_mm.size() - end - 1, nearest + reach);
  for (size_t k = from; k <= to; ++k) at.diameter_mm = std::min(at.diameter_mm, profile.diameter_mm[k]);
  return at;
}

std::optional<double> diameter_between(const CanalProfile& profile, const CanalAtDisc& above,
                                       const CanalAtDisc& below) {
  if (below.index <= above.index) return std::nullopt;
  const size_t middle = (above.index + below.index) / 2;
  const size_t reach = steps(profile, kReferenceReachMm);
  std::vector<double> values;
  for (size_t k = middle > reach ? middle - reach : 0; k <= std::min(middle + reach, profile.diameter_mm.size() - 1);
       ++k) {
    values.push_back(profile.diameter_mm[k]);
  }
  return median_of(std::move(values));
}

}  // namespace lumbargrade
