#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "levels/canal_profile.h"

namespace lumbargrade {

/// Signal across the canal of one canonical slice, one entry per entry of the profile: grey value times the canal's
/// probability, integrated over the pixels within 12 mm of the canal's middle, turned from the row to the canal's
/// normal, smoothed over 2 mm. Grey value times mm.
std::vector<double> signal_across(const cv::Mat1f& canal, const cv::Mat1f& pixels, const CanalProfile& profile);

/// The fluid ratio of one disc: the least signal across the canal within 7 mm of it, divided by the mean of the medians
/// half-way to the neighbouring discs (docs/canal-grade.md). Width times brightness: rootlets without fluid and a
/// narrow but bright sac are told apart. Nothing where the canal or both neighbours are not seen. Of T2 only.
std::optional<double> fluid_ratio(const CanalProfile& profile, const std::vector<double>& signal,
                                  const std::vector<DiscCandidate>& discs, size_t disc);

}  // namespace lumbargrade
