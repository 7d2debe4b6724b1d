#pragma once

#include "pipeline/prepare_study.h"

namespace lumbargrade {

/// Canal points and the vertebra or disc in front of each.
std::vector<CanalPair> canal_pairs(const Spine& spine);

/// The locator as the loader's help where headers do not tell T1 from T2. A volume without a lumbar spine has no pairs;
/// other errors pass.
CanalFinder canal_finder(SpineLocator locate);

}  // namespace lumbargrade
