#include "bundle/write_bundle.h"

#include "bundle/bundle.h"
#include "bundle/golden.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/sha256.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

PinnedFile write_pinned(const fs::path& folder, const std::string& file, const TensorMap& tensors) {
  write_safetensors(folder / file, tensors);
  return {file, sha256_of_file(folder / file)};
}

PinnedFile copy_pinned(const fs::path& folder, const std::string& file, const fs::path& source) {
  const auto bytes = file_text(source);
  if (!bytes) throw Error(ErrorKind::Failure, text("cannot read ", source.string()));
  write_file_atomically(folder / file, *bytes);
  return {file, sha256_of_bytes(*bytes)};
}

/// The golden tensors: the outputs that were asked for, where any were, and else what the network gives.
TensorMap golden_tensors(const BundleNetwork& network, const TrainedNetwork& trained) {
  TensorMap golden = make_golden(network, trained.golden_inputs);
  if (trained.golden_outputs.empty()) return golden;
  std::erase_if(golden, [](const auto& item) { return item.first.starts_with("output."); });
  for (const auto& [name, tensor] : trained.golden_outputs) golden.emplace("output." + name, tensor);
  const double difference = golden_difference(network, golden);
  if (difference <= network.spec.golden.tolerance) return golden;
  throw Error(ErrorKind::BundleInvalid, text("the network ", network.spec.name,
                                             " gives other answers here than where it comes from: they differ by ",
                                             difference, ", allowed are ", network.spec.golden.tolerance));
}

NetworkSpec write_network(const fs::path& folder, const TrainedNetwork& trained) {
  NetworkSpec spec = trained.spec;
  if (spec.name.empty()) spec.name = spec.role;
  spec.weights = trained.package.empty() ? write_pinned(folder, spec.name + ".safetensors", trained.state)
                                         : copy_pinned(folder, spec.name + ".pt2", trained.package);
  const BundleNetwork as_loaded = load_bundle_network(folder, spec);
  spec.golden.tensors = write_pinned(folder, spec.name + "_golden.safetensors", golden_tensors(as_loaded, trained));
  return spec;
}

}  // namespace

Manifest write_bundle(const fs::path& folder, Manifest manifest, const std::vector<TrainedNetwork>& networks) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::Failure, text("cannot make the folder ", folder.string(), ": ", failure.message()));
  manifest.networks.clear();
  for (const TrainedNetwork& trained : networks) {
    manifest.networks.push_back(write_network(folder, trained));
  }
  const std::string content = manifest_text(manifest);
  parse_manifest(content, (folder / kManifestFile).string());  // refuses what load_bundle would refuse later
  write_file_atomically(folder / kManifestFile, content);
  load_bundle(folder);
  return manifest;
}

}  // namespace lumbargrade
