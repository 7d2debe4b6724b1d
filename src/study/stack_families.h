#pragma once

#include <memory>
#include <vector>

#include "study/stacks.h"

namespace lumbargrade {

/// More stacks than any scan has: a series that falls apart into more is damaged.
inline constexpr size_t kMostStacks = 256;

/// Slices of equal size, pixel spacing, orientation and contrast, in no order. Families that were made alike but for
/// labels that may change within a scan, and that share no position, are one.
Stacks make_families(const std::vector<std::shared_ptr<dicom::Instance>>& series);

}  // namespace lumbargrade
