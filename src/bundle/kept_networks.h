#pragma once

#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "bundle/write_bundle.h"

namespace lumbargrade {

/// The networks of `base` that stay when those of `replaced_roles` are replaced, as they are stored, with the golden
/// inputs that they came with. A second stage cannot stay where a network that it stands on is replaced.
std::vector<TrainedNetwork> kept_networks(const Bundle& base, const std::vector<std::string>& replaced_roles);

}  // namespace lumbargrade
