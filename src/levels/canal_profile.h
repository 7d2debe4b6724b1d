#pragma once

#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <span>
#include <vector>

#include "levels/disc_chain.h"
#include "levels/spine.h"

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

/// Those of `values`, one per entry of the profile, within `reach_mm` of entry `middle`.
std::span<const double> values_around(const CanalProfile& profile, const std::vector<double>& values, size_t middle,
                                      double reach_mm);

/// Mean of the medians of such values half-way to the neighbouring discs, +-kReferenceReachMm: the reference beside the
/// mid-bodies. Nothing where the canal at the disc or both neighbours is not seen.
std::optional<double> mean_beside(const CanalProfile& profile, const std::vector<double>& values,
                                  const std::vector<DiscCandidate>& discs, size_t disc);

/// The canal of some slices, by slice.
using SliceProfiles = std::map<int, CanalProfile>;

/// The canal's measure at a disc from profiles of the locator's map: what stands where no outline was drawn
/// (canal_outline.h). Medians over `slices`; its slice is the first one of them that shows the canal.
std::optional<CanalMeasure> profile_measure(const SliceProfiles& profiles, const std::vector<DiscCandidate>& discs,
                                            size_t disc, const std::vector<int>& slices);

}  // namespace lumbargrade
