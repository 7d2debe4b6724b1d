#pragma once

#include <vector>

#include "study/roles.h"
#include "study/study.h"

namespace lumbargrade {

/// How much brighter the canal is than the body in front of it: natural logarithm of the ratio of mean intensities,
/// for each pair that the volume covers.
std::vector<double> canal_contrasts(const Volume& volume, const std::vector<CanalPair>& pairs);

/// T2 where cerebrospinal fluid outshines marrow and disc, T1 where it is darker; unknown where the two are nearly
/// alike or fewer than three pairs were seen. The evidence says which.
WeightingFinding weighting_from_contrasts(const std::vector<double>& contrasts);

}  // namespace lumbargrade
