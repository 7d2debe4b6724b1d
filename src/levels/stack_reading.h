#pragma once

#include <optional>
#include <vector>

#include "levels/canal_profile.h"
#include "levels/disc_chain.h"
#include "levels/locator_maps.h"
#include "levels/naming.h"
#include "levels/slice_image.h"

namespace lumbargrade {

/// Half the width of what is looked at (docs/sources.md, "Locator: from maps to names"). The outer slices of a clinical
/// stack, 20-40 mm beside the middle, show fat that looks like canal.
inline constexpr double kSpineHalfWidthMm = 12;
/// Slices that show at least this share of the spine that the best one shows speak for it.
inline constexpr double kSpineShare = 0.5;

/// Everything that naming needs of a stack, in the canonical view.
struct StackReading {
  std::vector<size_t> spine_slices;  ///< those that show the spine
  DiscChain chain;
  LocatorMaps mean;              ///< over the central slices
  CanalProfile profile;          ///< of the mean map: the canal's course
  std::optional<Naming> naming;  ///< where there is a model for it: the chain's L5/S1 is its
};

/// The network's maps of a stack's slices, or of those that were looked at: the others have empty maps.
struct StackMaps {
  std::vector<LocatorMaps> maps;
  std::vector<double> seen;  ///< spine_seen of each slice, 0 where it was not looked at

  size_t size() const { return maps.size(); }
  bool has(size_t slice) const { return !maps[slice].canal.empty(); }
};

/// How much of a lumbar spine a slice shows by itself: the scores of its discs that have a canal behind them, times how
/// well its sacrum is seen.
double spine_seen(const LocatorMaps& slice, double pixel_mm);

/// The maps of all slices of a stack.
StackMaps stack_maps(std::vector<LocatorMaps> maps, double pixel_mm);

/// Finds the slices that show the spine, and the chain of discs in the mean of the central ones.
StackReading read_stack(const std::vector<SliceImage>& slices, const StackMaps& stack,
                        const std::optional<NamingModel>& naming = std::nullopt);

/// Whether the chain is one of lumbar discs with a canal behind them.
bool shows_lumbar_spine(const StackReading& reading);

/// Throws Error (NoUsableStudy) where the chain is none of lumbar discs with a canal behind them.
void require_lumbar_spine(const StackReading& reading);

}  // namespace lumbargrade
