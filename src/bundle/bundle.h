#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "network/architecture.h"

namespace lumbargrade {

/// A network with the weights that its bundle ships, in evaluation mode on the CPU.
struct BundleNetwork {
  NetworkSpec spec;
  Network network;
};

/// A model bundle, checked and loaded.
struct Bundle {
  std::filesystem::path folder;
  Manifest manifest;
  /// SHA-256 of manifest.json. It pins every other file, so this names the bundle in a record of a run.
  std::string sha256;
  std::vector<BundleNetwork> networks;

  /// The network with this role. Error of kind BundleInvalid when the bundle has none.
  const BundleNetwork& network(std::string_view role) const;
};

/// Reads the bundle in `folder`. Everything that the manifest claims and that loading can check is checked: keys, types
/// and ranges, files inside the folder, their SHA-256, architecture, every tensor's name and shape. The first claim
/// that does not hold is an Error of kind BundleInvalid that names it in one sentence. Each network runs once on zeros;
/// `in_bytes`: but for those with activation ranges, which int8_network runs.
Bundle load_bundle(const std::filesystem::path& folder, bool in_bytes = false);

/// The steps of load_bundle one by one, for `model verify`.
void check_pinned_file(const std::filesystem::path& folder, const PinnedFile& file);
BundleNetwork load_bundle_network(const std::filesystem::path& folder, const NetworkSpec& spec, bool runs_once = true);

/// What the manifest makes of a network's logits: divided by the temperature, then softmax over axis 1, sigmoid, or
/// softmax over all axes but the first.
at::Tensor activate(const at::Tensor& logits, const OutputSpec& spec);

/// Runs the network without gradients and activates every output. Error of kind BundleInvalid when the network lacks
/// an output of the manifest, has one that the manifest lacks, or another number of channels than classes.
TensorMap run_network(const BundleNetwork& network, const TensorMap& inputs);

}  // namespace lumbargrade
