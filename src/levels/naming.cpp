#include "levels/naming.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr double kHalfBodyMm = 17;
constexpr double kBehindBodyMm = 24;
constexpr double kBodyRadiusMm = 8;
constexpr double kDegreesPerUnit = 20;
constexpr size_t kDiscsCompared = 4;
constexpr double kUsualGapMm = 34;
constexpr double kMostRoom = 2;      // in gaps
constexpr double kSmallArea = -0.4;  // logarithm of a disc's depth times height over those of the discs above
constexpr double kSureMap = 0.8;
constexpr double kLeastLength = 0.2, kLargestLength = 3;

double logit_of(double probability) {
  return std::log((probability + 0.02) / (1.02 - probability));
}

double mean_within(const cv::Mat1f& map, cv::Point2d centre_mm, double radius_mm, double pixel_mm) {
  double sum = 0, count = 0;
  const auto first = [&](double mm) { return std::max(0, static_cast<int>((mm - radius_mm) / pixel_mm)); };
  for (int row = first(centre_mm.y); row < map.rows && row * pixel_mm <= centre_mm.y + radius_mm; ++row) {
    for (int column = first(centre_mm.x); column < map.cols && column * pixel_mm <= centre_mm.x + radius_mm; ++column) {
      if (std::hypot(row * pixel_mm - centre_mm.y, column * pixel_mm - centre_mm.x) > radius_mm) continue;
      sum += double{map(row, column)};
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

/// What the features of one disc compare with: the whole chain.
struct ChainLengths {
  std::vector<double> gaps_mm;  ///< between neighbours
  double median_gap_mm = kUsualGapMm;
  std::vector<double> canal_mm;  ///< diameter behind each disc; 0 where it is not seen
  double median_canal_mm = 0;
};

ChainLengths lengths_of(const DiscChain& chain, const CanalProfile& profile) {
  ChainLengths lengths;
  lengths.gaps_mm = gaps_mm(chain.discs);
  if (!lengths.gaps_mm.empty()) lengths.median_gap_mm = std::max(1.0, median_of(lengths.gaps_mm));
  std::vector<double> seen;
  for (const DiscCandidate& disc : chain.discs) {
    const auto canal = canal_at_disc(profile, disc);
    lengths.canal_mm.push_back(canal ? canal->diameter_mm : 0);
    if (canal) seen.push_back(canal->diameter_mm);
  }
  if (!seen.empty()) lengths.median_canal_mm = median_of(seen);
  return lengths;
}

/// One length of a disc over the median of up to four discs above it, less 1.
double against_above(const DiscChain& chain, size_t k, double DiscCandidate::*length) {
  std::vector<double> above;
  for (size_t j = k - std::min(k, kDiscsCompared); j < k; ++j) above.push_back(chain.discs[j].*length);
  if (above.empty()) above.push_back(chain.discs[k].*length);
  return chain.discs[k].*length / std::max(1.0, median_of(above)) - 1;
}

double tilt_degrees(const DiscCandidate& disc) {
  return std::atan2(disc.posterior.y, disc.posterior.x) * 180 / std::numbers::pi;
}

/// A disc on the sacrum that is much smaller than those above it and that the map of L5/S1 doubts is often S1/S2: above
/// 0 for it. `depth` and `height` as by against_above. The bounds were chosen on the named patients (docs/sources.md).
double like_s1_s2(const DiscCandidate& disc, double depth, double height) {
  const double area = std::log(std::clamp(1 + depth, kLeastLength, kLargestLength)) +
                      std::log(std::clamp(1 + height, kLeastLength, kLargestLength));
  return std::max(0.0, kSmallArea - area) * std::max(0.0, kSureMap - disc.l5s1_score) * disc.sacrum_score;
}

DiscFeatures features_of_disc(const DiscChain& chain, size_t k, const ChainLengths& lengths, const LocatorMaps& maps,
                              double pixel_mm) {
  const DiscCandidate& disc = chain.discs[k];
  const bool is_lowest = k + 1 == chain.discs.size();
  const DiscCandidate* above = k > 0 ? &chain.discs[k - 1] : nullptr;
  const DiscCandidate* below = is_lowest ? nullptr : &chain.discs[k + 1];
  const cv::Point2d down(-disc.posterior.y, disc.posterior.x);
  const cv::Point2d body_below = disc.centre_mm + down * kHalfBodyMm;
  const double gap_above = above ? lengths.gaps_mm[k - 1] / lengths.median_gap_mm - 1 : 0;
  const double depth = against_above(chain, k, &DiscCandidate::depth_mm);
  const double height = against_above(chain, k, &DiscCandidate::height_mm);
  const double lowest = is_lowest ? 1 : 0;
  return {disc.l5s1_score,
          logit_of(disc.l5s1_score),
          disc.sacrum_score,
          logit_of(disc.sacrum_score),
          lowest,
          gap_above,
          below ? lengths.gaps_mm[k] / lengths.median_gap_mm - 1 : 0,
          disc.score,
          below ? below->score : 0,
          depth,
          below ? below->depth_mm / std::max(1.0, disc.depth_mm) : 0,
          above ? (tilt_degrees(disc) - tilt_degrees(*above)) / kDegreesPerUnit : 0,
          below ? (tilt_degrees(*below) - tilt_degrees(disc)) / kDegreesPerUnit : 0,
          tilt_degrees(disc) / kDegreesPerUnit,
          mean_within(maps.vertebra, body_below, kBodyRadiusMm, pixel_mm),
          mean_within(maps.vertebra, disc.centre_mm - down * kHalfBodyMm, kBodyRadiusMm, pixel_mm),
          mean_within(maps.canal, body_below + disc.posterior * kBehindBodyMm, kBodyRadiusMm, pixel_mm),
          lengths.median_canal_mm > 0 ? lengths.canal_mm[k] / std::max(1.0, lengths.median_canal_mm) : 0,
          k < kDiscsCompared ? 1.0 : 0.0,
          lengths.canal_mm[k] > 0 ? 0.0 : 1.0,
          height,
          depth * lowest,
          gap_above * lowest,
          disc.score * lowest,
          like_s1_s2(disc, depth, height)};
}

double score_of(const DiscFeatures& features, const NamingModel& model) {
  double score = 0;
  for (size_t f = 0; f < features.size(); ++f) {
    score += model.weight[f] * (features[f] - model.mean[f]) / model.scale[f];
  }
  return score;
}

}  // namespace

NamingFeatures naming_features(const DiscChain& chain, const CanalProfile& profile, const LocatorMaps& maps,
                               double pixel_mm) {
  NamingFeatures features;
  if (chain.discs.empty()) return features;
  const ChainLengths lengths = lengths_of(chain, profile);
  double surest = 0;
  for (size_t k = 0; k < chain.discs.size(); ++k) {
    features.discs.push_back(features_of_disc(chain, k, lengths, maps, pixel_mm));
    surest = std::max(surest, chain.discs[k].l5s1_score);
  }
  const double room_mm = maps.disc.rows * pixel_mm - chain.discs.back().centre_mm.y;
  features.out_of_view = {1, std::clamp(room_mm / lengths.median_gap_mm, 0.0, kMostRoom), logit_of(surest)};
  return features;
}

std::vector<double> naming_probabilities(const NamingFeatures& features, const NamingModel& model) {
  std::vector<double> scores;
  for (const DiscFeatures& disc : features.discs) scores.push_back(score_of(disc, model));
  double out_of_view = 0;
  for (size_t f = 0; f < features.out_of_view.size(); ++f) {
    out_of_view += model.out_of_view[f] * features.out_of_view[f];
  }
  scores.push_back(out_of_view);
  return softmax_of(std::move(scores));
}

Naming name_discs(const NamingFeatures& features, const NamingModel& model) {
  const std::vector<double> probabilities = naming_probabilities(features, model);
  const auto discs = probabilities.end() - 1;
  const auto best = static_cast<size_t>(std::max_element(probabilities.begin(), discs) - probabilities.begin());
  Naming naming;
  naming.l5s1 = static_cast<int>(best);
  naming.probability = probabilities[best];
  naming.out_of_view = probabilities.back();
  if (best > 0) naming.above = probabilities[best - 1];
  if (best + 1 < features.discs.size()) naming.below = probabilities[best + 1];
  return naming;
}

}  // namespace lumbargrade
