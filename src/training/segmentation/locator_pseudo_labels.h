#pragma once

#include <filesystem>
#include <vector>

#include "training/segmentation/locator_data.h"

namespace lumbargrade {

class LocatorNetwork;

/// Labels for images without any, where the network is sure enough: five seen discs evenly apart, L5/S1 the lowest and
/// firmly on the sacrum, canal behind all of them. Images whose discs are not about 35 mm apart on average are rescaled
/// first (the pixel sizes that come with them cannot be trusted). An image is averaged with the first other one of the
/// patient that agrees with it. `report` gets one line per image: accepted, or why not.
std::vector<LabelledStack> pseudo_labels(const std::vector<UnlabelledImage>& images, const LocatorNetwork& network,
                                         const std::filesystem::path& report);

}  // namespace lumbargrade
