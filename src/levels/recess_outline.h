#pragma once

#include <optional>
#include <vector>

#include "levels/canal_outline.h"

namespace lumbargrade {

/// Whether a slice this far from the canal's middle shows the recess: 6-8 mm, or 5-9 mm where slices lie more than 2 mm
/// apart. No nearer: there lies the sac itself, whose depth says nothing of the recess.
bool shows_recess(const CanalStrip& strip, double aside_mm);

/// Depth of a recess at one disc. `direction`: 1 along the strip's normal, -1 against it. Nothing where no outlined
/// slice shows it.
std::optional<RecessMeasure> recess_measure(const CanalStrip& strip, const DiscEdge& disc,
                                            const std::vector<cv::Mat1f>& canal, double direction);

}  // namespace lumbargrade
