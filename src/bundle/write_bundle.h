#pragma once

#include <filesystem>
#include <vector>

#include "bundle/manifest.h"
#include "network/safetensors.h"

namespace lumbargrade {

/// A trained network on its way into a bundle.
struct TrainedNetwork {
  /// Role, architecture, parameters, inputs, outputs and the golden tolerance. File names and checksums are filled in.
  NetworkSpec spec;
  TensorMap state;                     ///< see collect_state; any device, stored in the precision that it has
  TensorMap golden_inputs;             ///< by input name; small, typical
  std::filesystem::path package = {};  ///< of an exported network, instead of `state`: its .pt2 file
  /// Outputs that it must give for them, after activation, by name; empty: what it gives now. Where they are given and
  /// differ by more than the tolerance, write_bundle throws Error (BundleInvalid).
  TensorMap golden_outputs = {};
};

/// Writes `folder`/manifest.json, <role>.safetensors and <role>_golden.safetensors, reading back what it wrote: the
/// golden outputs come from the stored weights, and the finished bundle must pass load_bundle. Each file appears whole
/// or not at all, the manifest last. Existing files of these names are replaced; the folder is made where it is
/// missing. `manifest` gives everything but its networks, which are those given here. Returns the manifest as written.
Manifest write_bundle(const std::filesystem::path& folder, Manifest manifest,
                      const std::vector<TrainedNetwork>& networks);

}  // namespace lumbargrade
