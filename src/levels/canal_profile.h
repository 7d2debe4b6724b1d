#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "levels/disc_chain.h"

namespace lumbargrade {

/// The canal in one canonical slice, from the head down, one entry per `step_mm` of height. Positions in mm as in
/// DiscCandidate.
struct CanalProfile {
  std::vector<cv::Point2d> line_mm;  ///< middle of the canal, smoothed
  /// Of the largest circle inside the canal whose centre is at this height: the antero-posterior diameter wherever the
  /// canal is longer than wide, whatever its direction.
  std::vector<double> diameter_mm;
  double step_mm = 0;

  bool empty() const { return line_mm.empty(); }
};

/// Canal behind one disc.
struct CanalAtDisc {
  size_t index = 0;  ///< of the profile, nearest to the disc's posterior edge
  cv::Point2d middle_mm;
  double diameter_mm = 0;  ///< narrowest within +-7 mm
};

/// Follows the canal behind the chain and measures it. Empty when none is seen.
CanalProfile measure_canal(const cv::Mat1f& canal, double pixel_mm, const DiscChain& chain);

/// Nothing when the profile does not reach the disc (5 mm at its ends are not trusted).
std::optional<CanalAtDisc> canal_at_disc(const CanalProfile& profile, const DiscCandidate& disc);

/// A level's reference is measured this far up and down from half-way between two discs.
inline constexpr double kReferenceReachMm = 4;

/// Median diameter half-way between two discs, +-kReferenceReachMm: the reference beside the mid-body.
std::optional<double> diameter_between(const CanalProfile& profile, const CanalAtDisc& above, const CanalAtDisc& below);

}  // namespace lumbargrade
