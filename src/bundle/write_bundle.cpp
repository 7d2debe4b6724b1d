#include "bundle/write_bundle.h"

#include "bundle/bundle.h"
#include "bundle/golden.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/sha256.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

PinnedFile write_pinned(const fs::path& folder, const std::string& file, const TensorMap& tensors) {
  write_safetensors(folder / file, tensors);
  return {file, sha256_of_file(folder / file)};
}

NetworkSpec write_network(const fs::path& folder, const TrainedNetwork& trained) {
  NetworkSpec spec = trained.spec;
  if (spec.name.empty()) spec.name = spec.role;
  spec.weights = write_pinned(folder, spec.name + ".safetensors", trained.state);
  const BundleNetwork as_loaded = load_bundle_network(folder, spec);
  spec.golden.tensors =
      write_pinned(folder, spec.name + "_golden.safetensors", make_golden(as_loaded, trained.golden_inputs));
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
