#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "levels/locator_maps.h"

namespace lumbargrade {

/// One disc in the canonical view. Positions in mm from the first fine pixel: x to the back, y to the feet.
struct DiscCandidate {
  cv::Point2d centre_mm;
  double score = 0;                ///< 0..1: half centre map, half disc probability around it
  cv::Point2d posterior;           ///< unit vector along the disc, backwards
  double depth_mm = 0;             ///< antero-posterior extent
  double posterior_reach_mm = 17;  ///< from the centre to the posterior tip; half a usual disc where none is seen
  double height_mm = 0;
  double l5s1_score = 0;    ///< mean L5/S1 map around the centre
  double sacrum_score = 0;  ///< strongest S1 spot below it
  bool inserted = false;    ///< not seen: put into a gap of the chain
};

/// Discs in order from the head down, and which of them is L5/S1.
struct DiscChain {
  std::vector<DiscCandidate> discs;
  int l5s1 = -1;            ///< index into `discs`; -1 for an empty chain
  double anchor_score = 0;  ///< L5/S1 score + half S1 score of the anchor; below kSureAnchor the names are a guess
  double rival_score = 0;   ///< the same for the best other disc
};

/// Below this the sacrum was probably not seen. Three in a hundred of SPIDER's whole mid-sagittals lie below it
/// (training/pseudo_labels.csv of the cross-validation runs); how many cut images do, benchmarks/locator_figures.py
/// tells.
inline constexpr double kSureAnchor = 0.7;

/// The most plausible spine through the candidates (dynamic programming over neighbour distance, direction and turn),
/// gaps filled, L5/S1 chosen. `maps` gives inserted discs their scores.
DiscChain find_disc_chain(const LocatorMaps& maps, double pixel_mm);

/// Distances from disc to disc.
std::vector<double> gaps_mm(const std::vector<DiscCandidate>& discs);

/// Unit vector along the spine at a disc, towards the feet.
cv::Point2d downward_at(const DiscChain& chain, size_t disc);

}  // namespace lumbargrade
