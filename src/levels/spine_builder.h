#pragma once

#include "levels/locate.h"
#include "levels/locator_maps.h"
#include "levels/slice_image.h"

namespace lumbargrade {

/// The part of locate_spine after the network: slices and their maps, in the order of the stack. Slices share one size.
Spine spine_from_maps(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps,
                      const LocatorOptions& options = {});

}  // namespace lumbargrade
