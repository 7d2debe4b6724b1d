#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "study/stacks.h"

namespace lumbargrade {

/// Maps (column, row, slice) to patient space; the slice step is the mean step between neighbours that miss no slice,
/// or, for a single slice, SliceThickness (else the pixel spacing) along the normal.
Affine patient_from_index(const Stack& stack);

/// Decodes the stack's pixels on `threads` threads. Slices that cannot be decoded are left out with a warning. Throws
/// Error when none can, MemoryExceeded before `budget` (none: not counted) is exceeded.
Volume decode_volume(const Stack& stack, int threads, std::vector<std::string>& warnings,
                     const MemoryBudgetPointer& budget = {});

/// A hash of a slice's voxels; nothing when they cannot be decoded.
std::optional<size_t> fingerprint(const StackSlice& slice);

}  // namespace lumbargrade
