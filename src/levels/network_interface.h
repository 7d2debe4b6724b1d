#pragma once

#include "bundle/manifest.h"
#include "network/unet_options.h"

namespace lumbargrade {

/// What this version feeds the locator and reads from it: training writes it into bundles, and check_interface demands
/// it of them. `inputs` and `outputs` are filled in, nothing else.
NetworkSpec locator_interface(const UNetOptions& network);

/// The same of the network that outlines the canal.
NetworkSpec canal_outline_interface(const UNetOptions& network);

/// Error (BundleInvalid) that names the first key in which a locator or canal outline of a manifest declares other
/// spacing, normalisation, padding, interpolation, series, names, classes, activation, temperature or downsampling than
/// this version works with, or another architecture. Other roles pass. `file` names the manifest.
void check_interface(const NetworkSpec& declared, const std::string& file);

}  // namespace lumbargrade
