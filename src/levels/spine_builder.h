#pragma once

#include "levels/locate.h"
#include "levels/stack_reading.h"

namespace lumbargrade {

/// The spine in patient space that a stack's reading tells: levels named, measured on the locator's map, flagged.
Spine build_spine(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps, StackReading reading,
                  const LocatorOptions& options);

}  // namespace lumbargrade
