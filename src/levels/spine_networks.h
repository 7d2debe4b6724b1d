#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bundle/bundle.h"
#include "levels/canal_outline.h"
#include "levels/canal_outline_network.h"
#include "levels/locator_network.h"

namespace lumbargrade {

/// The networks that see the spine. No outline where the bundle has no network for it.
struct SpineNetworks {
  std::shared_ptr<const LocatorNetwork> locator;
  std::shared_ptr<const CanalOutlineNetwork> outline;

  std::optional<CanalOutliner> outliner() const;
};

/// Takes the U-Nets out of a bundle, which they are no longer to be used by. `precision`: scalar_type_of's words; with
/// "int8" those compute in bytes that have activation ranges. Throws Error (BundleInvalid) where there is no locator or
/// an int8_network is refused, (Usage) for a precision that cannot be had.
SpineNetworks spine_networks(const Bundle& bundle, const torch::Device& device, const std::string& precision);

/// The bundle's U-Net of this role. Throws Error (BundleInvalid) where there is none.
UNet unet_of(const Bundle& bundle, const std::string& role);

}  // namespace lumbargrade
