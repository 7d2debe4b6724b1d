#include "bundle/bundle.h"

#include <torch/torch.h>

#include <algorithm>

#include "core/error.h"
#include "core/sha256.h"
#include "network/parallel_for.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::BundleInvalid, reason);
}

/// The file's real path; a symbolic link must not lead out of the bundle either.
fs::path path_inside(const fs::path& folder, const std::string& file) {
  std::error_code failure;
  const fs::path path = fs::canonical(folder / file, failure);
  if (failure) refuse(text((folder / file).string(), ", which the manifest names, cannot be read"));
  const fs::path inside = path.lexically_relative(fs::canonical(folder));
  if (inside.empty() || *inside.begin() == "..") {
    refuse(text((folder / file).string(), " leads out of the bundle, to ", path.string()));
  }
  return path;
}

void check_outputs(const NetworkSpec& spec, const TensorMap& outputs) {
  for (const auto& [name, tensor] : outputs) {
    const auto has_name = [&name = name](const OutputSpec& output) { return output.name == name; };
    if (std::none_of(spec.outputs.begin(), spec.outputs.end(), has_name)) {
      refuse(text("the network ", spec.name, " has the output \"", name, "\", which its manifest lacks"));
    }
  }
}

const at::Tensor& output_named(const NetworkSpec& spec, const TensorMap& outputs, const OutputSpec& output) {
  const auto found = outputs.find(output.name);
  if (found == outputs.end()) {
    refuse(text("the network ", spec.name, " has no output \"", output.name, "\""));
  }
  const at::Tensor& tensor = found->second;
  if (tensor.dim() < 2 || tensor.size(1) != static_cast<std::int64_t>(output.classes.size())) {
    refuse(text("output \"", output.name, "\" of the network ", spec.name, " has shape ", tensor.sizes(),
                ", its manifest names ", output.classes.size(), " classes"));
  }
  return tensor;
}

}  // namespace

const BundleNetwork& Bundle::network(std::string_view role) const {
  const auto found =
      std::find_if(networks.begin(), networks.end(), [&](const auto& item) { return item.spec.role == role; });
  if (found == networks.end()) refuse(text("the bundle ", folder.string(), " has no network of role \"", role, "\""));
  return *found;
}

void check_pinned_file(const fs::path& folder, const PinnedFile& file) {
  const fs::path path = path_inside(folder, file.file);
  if (!fs::is_regular_file(path)) refuse(text(path.string(), " is not a file"));
  const std::string actual = sha256_of_file(path);
  if (actual != file.sha256) {
    refuse(text(path.string(), " has the SHA-256 ", actual, ", its manifest says ", file.sha256,
                "; the file was changed or damaged"));
  }
}

BundleNetwork load_bundle_network(const fs::path& folder, const NetworkSpec& spec) {
  const std::string manifest = (folder / kManifestFile).string();
  BundleNetwork result{
      spec, build_network(spec.architecture, spec.parameters, manifest, text("network \"", spec.name, "\""))};
  const fs::path weights = path_inside(folder, spec.weights.file);
  load_state(*result.network.module, read_safetensors(weights), weights.string());
  result.network.module->eval();
  return result;
}

Bundle load_bundle(const fs::path& folder) {
  Bundle bundle;
  bundle.folder = folder;
  bundle.manifest = read_manifest(folder);
  bundle.sha256 = sha256_of_file(folder / kManifestFile);
  const auto& specs = bundle.manifest.networks;
  bundle.networks.resize(specs.size());
  parallel_for(specs.size(), [&](size_t k) {
    check_pinned_file(folder, specs[k].weights);
    bundle.networks[k] = load_bundle_network(folder, specs[k]);
  });
  return bundle;
}

at::Tensor activate(const at::Tensor& logits, const OutputSpec& spec) {
  const at::Tensor scaled = logits.to(at::kFloat) / spec.temperature;
  return spec.activation == "softmax" ? torch::softmax(scaled, 1) : torch::sigmoid(scaled);
}

TensorMap run_network(const BundleNetwork& network, const TensorMap& inputs) {
  const torch::NoGradGuard no_gradients;
  const TensorMap logits = network.network.forward(inputs);
  check_outputs(network.spec, logits);
  TensorMap activated;
  for (const OutputSpec& output : network.spec.outputs) {
    activated.emplace(output.name, activate(output_named(network.spec, logits, output), output));
  }
  return activated;
}

}  // namespace lumbargrade
