#pragma once

#include "levels/spine.h"

namespace lumbargrade {

/// Of neighbouring discs.
inline constexpr double kUsualSpacingMm = 35;

/// Between neighbouring discs that were found; the usual one where there are too few to tell.
inline double mean_spacing_mm(const Spine& spine) {
  double sum = 0;
  int count = 0;
  for (size_t k = 1; k < spine.levels.size(); ++k) {
    if (!spine.levels[k - 1] || !spine.levels[k]) continue;
    sum += (spine.levels[k - 1]->centre_patient - spine.levels[k]->centre_patient).norm();
    ++count;
  }
  return count > 1 ? sum / count : kUsualSpacingMm;
}

}  // namespace lumbargrade
