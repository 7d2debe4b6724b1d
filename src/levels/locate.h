#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "levels/naming.h"
#include "levels/spine.h"
#include "volume/volume.h"

namespace lumbargrade {

class LocatorNetwork;

/// What the user says the lowest visible disc is, when counting from the sacrum would be wrong: how many discs below it
/// the row "L5/S1" lies. Of six lumbar vertebrae that row is the disc below L5, which is L5/L6.
enum class LowestDisc { L6S1 = -1, L5S1 = 0, L4L5 = 1 };

std::optional<LowestDisc> parse_lowest_disc(std::string_view text);  ///< "L5/S1", "L4/L5" or "L6/S1"

struct LocatorOptions {
  std::optional<LowestDisc> lowest_disc;
  std::optional<NamingModel> naming;  ///< how L5/S1 is told; without it by the locator's anchor maps alone
  int maximum_slices = 32;            ///< of a longer stack, this many evenly spaced slices are looked at
};

/// Finds the five disc levels, the vertebrae and the canal in a stack of sagittal slices: segments every slice, chains
/// the discs, takes the disc on the sacrum for L5/S1 and counts upwards.
///
/// Levels that are not in view are absent from the result. Throws Error (NoUsableStudy) when no lumbar spine is seen.
Spine locate_spine(const Volume& sagittal, const LocatorNetwork& network, const LocatorOptions& options = {});

/// The slices of a stack that are looked at: all, or `maximum` evenly spaced ones.
std::vector<int> slices_to_locate(int slices, int maximum);

}  // namespace lumbargrade
