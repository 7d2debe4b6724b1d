#pragma once

#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "bundle/write_bundle.h"

namespace lumbargrade {

/// Error (Usage) where a network of `base` grades several conditions of which some, not all, are replaced: its answers
/// cannot be parted.
void check_replaceable(const Manifest& base, const std::vector<std::string>& replaced_roles);

/// The networks of `base` that stay when those of `replaced_roles` are replaced, as they are stored, with the golden
/// inputs that they came with. Errors of check_replaceable. A second stage cannot stay where a network that it stands
/// on is replaced.
std::vector<TrainedNetwork> kept_networks(const Bundle& base, const std::vector<std::string>& replaced_roles);

}  // namespace lumbargrade
