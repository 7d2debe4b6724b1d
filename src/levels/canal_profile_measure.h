#pragma once

#include <map>
#include <optional>
#include <vector>

#include "levels/canal_profile.h"
#include "levels/spine.h"

namespace lumbargrade {

/// The canal of some slices, by slice.
using SliceProfiles = std::map<int, CanalProfile>;

/// The canal's measure at a disc from profiles of the locator's map: what stands where no outline was drawn
/// (canal_outline.h). Medians over `slices`; its slice is the first one of them that shows the canal.
std::optional<CanalMeasure> profile_measure(const SliceProfiles& profiles, const std::vector<DiscCandidate>& discs,
                                            size_t disc, const std::vector<int>& slices);

}  // namespace lumbargrade
