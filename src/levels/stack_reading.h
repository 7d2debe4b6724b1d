#pragma once

#include <optional>
#include <vector>

#include "levels/canal_profile.h"
#include "levels/disc_chain.h"
#include "levels/locator_maps.h"
#include "levels/naming.h"
#include "levels/slice_image.h"

namespace lumbargrade {

/// Everything that naming needs of a stack, in the canonical view.
struct StackReading {
  std::vector<size_t> spine_slices;  ///< those that show the spine
  DiscChain chain;
  LocatorMaps mean;              ///< over the central slices
  CanalProfile profile;          ///< of the mean map: the canal's course
  std::optional<Naming> naming;  ///< where there is a model for it: the chain's L5/S1 is its
};

/// Finds the slices that show the spine, and the chain of discs in the mean of the central ones.
StackReading read_stack(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps,
                        const std::optional<NamingModel>& naming = std::nullopt);

/// Throws Error (NoUsableStudy) where the chain is none of lumbar discs with a canal behind them.
void require_lumbar_spine(const StackReading& reading);

}  // namespace lumbargrade
