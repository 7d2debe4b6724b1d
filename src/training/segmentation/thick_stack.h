#pragma once

#include "volume/volume.h"

namespace lumbargrade {

/// The stack as a scanner with thicker slices would have seen it: each of its slices is the mean of `count` neighbours
/// and lies in their middle. What is left over at the two ends is dropped alike; a stack of fewer slices gives one.
/// Clinical sagittal series have slices of 3-5 mm; SPIDER's have .9 mm.
Volume thick_stack(const Volume& thin, int count);

}  // namespace lumbargrade
