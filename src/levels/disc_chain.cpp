#include "levels/disc_chain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

// Rules and numbers from docs/sources.md, "Locator: from maps to names", unless said otherwise.
constexpr double kMinimumCentreHeat = 0.15;
constexpr int kPeakWindow = 9;  // coarse pixels
constexpr double kMinimumDiscAreaMm2 = 50;
constexpr double kMergeDistanceMm = 13;
constexpr double kMinimumLinkMm = 15;
constexpr double kMaximumLinkMm = 85;
constexpr double kMaximumTiltDegrees = 60;
constexpr double kFreeTurnDegrees = 20;
constexpr double kDegreesPerTurnPenalty = 40;
constexpr double kAnchorRadiusMm = 6;
constexpr double kLowestBonus = 0.4;
constexpr double kSacrumBonus = 0.5;
// A disc's own long axis may lean this far from the perpendicular of the chain before it is taken for noise (ours).
constexpr double kMaximumDiscLeanDegrees = 35;
constexpr double kDiscRegionRadiusMm = 24;
constexpr double kTipHalfHeightMm = 7;  // ours: the posterior tip lies this near to the disc's long axis

double degrees(double radians) {
  return radians * 180 / std::numbers::pi;
}

cv::Point2d unit(cv::Point2d vector) {
  return vector * (1 / std::max(1e-9, std::hypot(vector.x, vector.y)));
}

/// Coordinates of fine and coarse pixels in mm. Coarse pixel (0, 0) covers fine pixels 0 and 1.
struct MapScale {
  double fine_mm;

  cv::Point2d fine_point_mm(double column, double row) const { return {column * fine_mm, row * fine_mm}; }
  cv::Point2d coarse_point_mm(double column, double row) const {
    return {(2 * column + 0.5) * fine_mm, (2 * row + 0.5) * fine_mm};
  }
};

/// Visits the pixels of `map` within `radius_mm` of `centre_mm`: visit(value, point_mm).
template <typename Visit>
void visit_disc(const cv::Mat1f& map, cv::Point2d centre_mm, double radius_mm, double pixel_mm, double offset_mm,
                Visit visit) {
  const auto first = [&](double mm) { return static_cast<int>(std::ceil((mm - radius_mm - offset_mm) / pixel_mm)); };
  const auto last = [&](double mm) { return static_cast<int>(std::floor((mm + radius_mm - offset_mm) / pixel_mm)); };
  for (int row = std::max(0, first(centre_mm.y)); row <= std::min(map.rows - 1, last(centre_mm.y)); ++row) {
    for (int column = std::max(0, first(centre_mm.x)); column <= std::min(map.cols - 1, last(centre_mm.x)); ++column) {
      const cv::Point2d point_mm(column * pixel_mm + offset_mm, row * pixel_mm + offset_mm);
      const cv::Point2d from_centre = point_mm - centre_mm;
      if (from_centre.dot(from_centre) <= radius_mm * radius_mm) visit(map(row, column), point_mm);
    }
  }
}

template <typename Visit>
void visit_fine(const cv::Mat1f& map, cv::Point2d centre_mm, double radius_mm, const MapScale& scale, Visit visit) {
  visit_disc(map, centre_mm, radius_mm, scale.fine_mm, 0, visit);
}

template <typename Visit>
void visit_coarse(const cv::Mat1f& map, cv::Point2d centre_mm, double radius_mm, const MapScale& scale, Visit visit) {
  visit_disc(map, centre_mm, radius_mm, 2 * scale.fine_mm, scale.fine_mm / 2, visit);
}

struct Mean {
  double sum = 0;
  double count = 0;
  void add(double value) { sum += value, ++count; }
  double value() const { return count > 0 ? sum / count : 0; }
};

double mean_disc_probability(const LocatorMaps& maps, cv::Point2d centre_mm, const MapScale& scale) {
  Mean mean;
  visit_fine(maps.disc, centre_mm, 5, scale, [&](float value, cv::Point2d) { mean.add(value); });
  return mean.value();
}

/// Peaks of the centre map, refined to the centroid of the heat around them.
std::vector<DiscCandidate> candidates_from_centres(const LocatorMaps& maps, const MapScale& scale) {
  cv::Mat1f smooth;
  cv::GaussianBlur(maps.centre, smooth, {3, 3}, 0.8);
  cv::Mat1f largest;
  cv::dilate(smooth, largest, cv::Mat::ones(kPeakWindow, kPeakWindow, CV_8U));
  std::vector<DiscCandidate> candidates;
  for (int row = 0; row < smooth.rows; ++row) {
    for (int column = 0; column < smooth.cols; ++column) {
      if (smooth(row, column) < kMinimumCentreHeat || smooth(row, column) < largest(row, column)) continue;
      const cv::Point2d peak_mm = scale.coarse_point_mm(column, row);
      cv::Point2d weighted;
      double weight = 0;
      visit_coarse(maps.centre, peak_mm, 6, scale, [&](float value, cv::Point2d point) {
        weighted += point * double{value};
        weight += value;
      });
      DiscCandidate candidate;
      candidate.centre_mm = weight > 0 ? weighted * (1 / weight) : peak_mm;
      candidate.score = 0.5 * smooth(row, column) + 0.5 * mean_disc_probability(maps, candidate.centre_mm, scale);
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

/// Connected disc regions: they find discs whose centre spot is faint.
std::vector<DiscCandidate> candidates_from_regions(const LocatorMaps& maps, const MapScale& scale) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centroids;
  const cv::Mat1b seen(maps.disc > 0.5F);
  const cv::Rect part = cv::boundingRect(seen);
  std::vector<DiscCandidate> candidates;
  if (part.empty()) return candidates;
  const int count = cv::connectedComponentsWithStats(seen(part), labels, stats, centroids);
  for (int label = 1; label < count; ++label) {
    if (stats.at<int>(label, cv::CC_STAT_AREA) * scale.fine_mm * scale.fine_mm < kMinimumDiscAreaMm2) continue;
    DiscCandidate candidate;
    candidate.centre_mm =
        scale.fine_point_mm(part.x + centroids.at<double>(label, 0), part.y + centroids.at<double>(label, 1));
    Mean heat;
    visit_coarse(maps.centre, candidate.centre_mm, 3, scale, [&](float value, cv::Point2d) { heat.add(value); });
    candidate.score = 0.5 * heat.value() + 0.5 * mean_disc_probability(maps, candidate.centre_mm, scale);
    candidates.push_back(candidate);
  }
  return candidates;
}

/// Every disc-like spot of the maps, strongest first; weaker ones nearby are the same disc.
std::vector<DiscCandidate> disc_candidates(const LocatorMaps& maps, const MapScale& scale) {
  std::vector<DiscCandidate> candidates = candidates_from_centres(maps, scale);
  const std::vector<DiscCandidate> regions = candidates_from_regions(maps, scale);
  candidates.insert(candidates.end(), regions.begin(), regions.end());
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<DiscCandidate> kept;
  for (const DiscCandidate& candidate : candidates) {
    const bool is_new = std::all_of(kept.begin(), kept.end(), [&](const DiscCandidate& other) {
      return cv::norm(candidate.centre_mm - other.centre_mm) >= kMergeDistanceMm;
    });
    if (is_new) kept.push_back(candidate);
  }
  return kept;
}

double link_penalty(cv::Point2d from, cv::Point2d to) {
  const cv::Point2d step = to - from;
  const double length = std::hypot(step.x, step.y);
  const double tilt = degrees(std::atan2(std::abs(step.x), step.y));
  if (length < kMinimumLinkMm || length > kMaximumLinkMm || tilt > kMaximumTiltDegrees) {
    return std::numeric_limits<double>::infinity();
  }
  const auto square = [](double x) { return x * x; };
  // One disc further, or two with one unseen between them.
  return std::min(0.25 * square((length - 34) / 12), 0.5 + 0.25 * square((length - 68) / 14));
}

double turn_penalty(cv::Point2d first, cv::Point2d second, cv::Point2d third) {
  const cv::Point2d a = unit(second - first);
  const cv::Point2d b = unit(third - second);
  const double turn = degrees(std::acos(std::clamp(a.dot(b), -1.0, 1.0)));
  return std::max(0.0, turn - kFreeTurnDegrees) / kDegreesPerTurnPenalty;
}

/// Best chain by dynamic programming over ordered pairs of candidates.
std::vector<DiscCandidate> best_chain(std::vector<DiscCandidate> candidates) {
  if (candidates.empty()) return {};
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.centre_mm.y < b.centre_mm.y; });
  const size_t n = candidates.size();
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  // value[i][j]: best chain ending with the link i -> j; previous[i][j]: the candidate before i.
  std::vector<std::vector<double>> value(n, std::vector<double>(n, -1e9));
  std::vector<std::vector<size_t>> previous(n, std::vector<size_t>(n, kNone));
  size_t best_from = kNone;
  size_t best_to = 0;
  double best = -1e9;
  for (size_t j = 0; j < n; ++j) {
    if (candidates[j].score > best) best = candidates[j].score, best_from = kNone, best_to = j;
    for (size_t i = 0; i < j; ++i) {
      const double penalty = link_penalty(candidates[i].centre_mm, candidates[j].centre_mm);
      if (!std::isfinite(penalty)) continue;
      value[i][j] = candidates[i].score + candidates[j].score - penalty;
      for (size_t h = 0; h < i; ++h) {
        if (value[h][i] < -1e8) continue;
        const double extended = value[h][i] + candidates[j].score - penalty -
                                turn_penalty(candidates[h].centre_mm, candidates[i].centre_mm, candidates[j].centre_mm);
        if (extended > value[i][j]) value[i][j] = extended, previous[i][j] = h;
      }
      if (value[i][j] > best) best = value[i][j], best_from = i, best_to = j;
    }
  }
  std::vector<DiscCandidate> chain = {candidates[best_to]};
  while (best_from != kNone) {
    chain.push_back(candidates[best_from]);
    const size_t before = previous[best_from][best_to];
    best_to = best_from;
    best_from = before;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

void fill_gaps(std::vector<DiscCandidate>& chain, const LocatorMaps& maps, const MapScale& scale) {
  if (chain.size() < 3) return;
  const std::vector<double> lengths = gaps_mm(chain);
  const double median = median_of(lengths);
  for (size_t k = chain.size() - 1; k > 0; --k) {
    if (lengths[k - 1] <= std::max(1.6 * median, 46.0)) continue;
    DiscCandidate unseen;
    unseen.centre_mm = (chain[k].centre_mm + chain[k - 1].centre_mm) * 0.5;
    unseen.score = 0.5 * mean_disc_probability(maps, unseen.centre_mm, scale);
    unseen.inserted = true;
    chain.insert(chain.begin() + static_cast<std::ptrdiff_t>(k), unseen);
  }
}

/// Long axis and extents of the disc from the second moments of its probability.
void measure_shape(DiscCandidate& disc, cv::Point2d down, const LocatorMaps& maps, const MapScale& scale) {
  const cv::Point2d across(down.y, -down.x);  // perpendicular to the chain, to the back
  double weight = 0;
  double xx = 0;
  double xy = 0;
  double yy = 0;
  cv::Point2d mean;
  visit_fine(maps.disc, disc.centre_mm, kDiscRegionRadiusMm, scale, [&](float value, cv::Point2d point) {
    // Half-way to the neighbour another disc begins.
    if (value < 0.3F || std::abs((point - disc.centre_mm).dot(down)) > 14) return;
    weight += value;
    mean += (point - disc.centre_mm) * double{value};
  });
  disc.posterior = across;
  if (weight < 10) return;
  mean *= 1 / weight;
  visit_fine(maps.disc, disc.centre_mm, kDiscRegionRadiusMm, scale, [&](float value, cv::Point2d point) {
    if (value < 0.3F || std::abs((point - disc.centre_mm).dot(down)) > 14) return;
    const cv::Point2d offset = point - disc.centre_mm - mean;
    xx += value * offset.x * offset.x;
    xy += value * offset.x * offset.y;
    yy += value * offset.y * offset.y;
  });
  xx /= weight, xy /= weight, yy /= weight;
  const double middle = (xx + yy) / 2;
  const double spread = std::hypot((xx - yy) / 2, xy);
  const double angle = 0.5 * std::atan2(2 * xy, xx - yy);
  cv::Point2d axis(std::cos(angle), std::sin(angle));
  if (axis.dot(across) < 0) axis *= -1;
  const bool is_elongated = middle - spread < 0.5 * (middle + spread);
  const double lean = degrees(std::acos(std::clamp(axis.dot(across), -1.0, 1.0)));
  if (is_elongated && lean <= kMaximumDiscLeanDegrees) disc.posterior = axis;
  double reach = 0;
  visit_fine(maps.disc, disc.centre_mm, kDiscRegionRadiusMm, scale, [&](float value, cv::Point2d point) {
    const cv::Point2d offset = point - disc.centre_mm;
    const double aside = std::abs(offset.cross(disc.posterior));
    if (value >= 0.5F && aside <= kTipHalfHeightMm) reach = std::max(reach, offset.dot(disc.posterior));
  });
  if (reach > 0) disc.posterior_reach_mm = reach;
  // A uniform bar of length L has standard deviation L / sqrt(12); an ellipse of height H has H / 4.
  disc.depth_mm = std::sqrt(12 * (middle + spread));
  disc.height_mm = 4 * std::sqrt(std::max(0.0, middle - spread));
}

void measure_anchor(DiscCandidate& disc, cv::Point2d down, const LocatorMaps& maps, const MapScale& scale) {
  Mean mean;
  visit_coarse(maps.l5s1, disc.centre_mm, kAnchorRadiusMm, scale, [&](float value, cv::Point2d) { mean.add(value); });
  disc.l5s1_score = mean.value();
  visit_coarse(maps.s1, disc.centre_mm, 28, scale, [&](float value, cv::Point2d point) {
    const cv::Point2d offset = point - disc.centre_mm;
    const bool is_below = offset.dot(down) > 0.5 * std::hypot(offset.x, offset.y) && cv::norm(offset) >= 8;
    if (is_below) disc.sacrum_score = std::max(disc.sacrum_score, double{value});
  });
}

void choose_anchor(DiscChain& chain) {
  const auto anchor_score = [&](size_t k) {
    return chain.discs[k].l5s1_score + kSacrumBonus * chain.discs[k].sacrum_score;
  };
  double best = -1;
  for (size_t k = 0; k < chain.discs.size(); ++k) {
    const double score = anchor_score(k) + (k + 1 == chain.discs.size() ? kLowestBonus : 0);
    if (score > best) best = score, chain.l5s1 = static_cast<int>(k);
  }
  if (chain.l5s1 < 0) return;
  chain.anchor_score = anchor_score(static_cast<size_t>(chain.l5s1));
  for (size_t k = 0; k < chain.discs.size(); ++k) {
    if (static_cast<int>(k) != chain.l5s1) chain.rival_score = std::max(chain.rival_score, anchor_score(k));
  }
}

}  // namespace

std::vector<double> gaps_mm(const std::vector<DiscCandidate>& discs) {
  std::vector<double> gaps;
  for (size_t k = 1; k < discs.size(); ++k) gaps.push_back(cv::norm(discs[k].centre_mm - discs[k - 1].centre_mm));
  return gaps;
}

cv::Point2d downward_at(const DiscChain& chain, size_t disc) {
  if (chain.discs.size() < 2) return {0, 1};
  const size_t above = disc > 0 ? disc - 1 : disc;
  const size_t below = disc + 1 < chain.discs.size() ? disc + 1 : disc;
  return unit(chain.discs[below].centre_mm - chain.discs[above].centre_mm);
}

DiscChain find_disc_chain(const LocatorMaps& maps, double pixel_mm) {
  const MapScale scale{pixel_mm};
  DiscChain chain;
  chain.discs = best_chain(disc_candidates(maps, scale));
  fill_gaps(chain.discs, maps, scale);
  for (size_t k = 0; k < chain.discs.size(); ++k) {
    measure_shape(chain.discs[k], downward_at(chain, k), maps, scale);
    // The sacrum lies below the disc itself, and the lumbosacral joint turns: look along the disc's own normal.
    const cv::Point2d posterior = chain.discs[k].posterior;
    measure_anchor(chain.discs[k], {-posterior.y, posterior.x}, maps, scale);
  }
  choose_anchor(chain);
  return chain;
}

}  // namespace lumbargrade
