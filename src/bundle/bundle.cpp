#include "bundle/bundle.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "bundle/verify.h"
#include "core/error.h"
#include "core/sha256.h"
#include "network/parallel_for.h"
#include "network/plain_errors.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::BundleInvalid, reason);
}

/// The file's real path; a symbolic link must not lead out of the bundle either.
fs::path path_inside(const fs::path& folder, const std::string& file) {
  std::error_code failure;
  fs::path path = fs::canonical(folder / file, failure);
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

std::string joined_names(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "\"" : ", \"") + name + "\"";
  return joined;
}

void check_names(const NetworkSpec& spec, const ArchitectureSummary& summary, const std::string& place) {
  std::vector<std::string> inputs;
  for (const InputSpec& input : spec.inputs) inputs.push_back(input.name);
  std::sort(inputs.begin(), inputs.end());
  if (inputs != summary.inputs) {
    refuse(text(place, ": inputs have the names ", joined_names(inputs), ", its parameters need ",
                joined_names(summary.inputs)));
  }
  for (const OutputSpec& output : spec.outputs) {
    const auto found = summary.outputs.find(output.name);
    if (found == summary.outputs.end()) refuse(text(place, ": the architecture has no output \"", output.name, "\""));
    if (found->second != static_cast<std::int64_t>(output.classes.size())) {
      refuse(text(place, ": classes of the output \"", output.name, "\" are ", output.classes.size(),
                  ", its parameters give ", found->second));
    }
  }
  if (spec.outputs.size() != summary.outputs.size()) {
    refuse(text(place, ": outputs are ", spec.outputs.size(), ", its parameters give ", summary.outputs.size()));
  }
}

double weights_in(const fs::path& file, const std::string& architecture) {
  constexpr double kBytesOfWeight = 4;
  if (architecture == kExportedArchitecture) return static_cast<double>(fs::file_size(file)) / kBytesOfWeight;
  double weights = 0;
  for (const TensorEntry& entry : read_safetensors_header(file).entries) {
    double elements = 1;
    for (const std::int64_t size : entry.shape) elements *= static_cast<double>(size);
    weights += elements;
  }
  return weights;
}

/// Zeros as the manifest says, but of a few pixels and, where the network takes any number of slices, one of them:
/// enough to see that everything fits together.
TensorMap small_inputs(const NetworkSpec& spec) {
  constexpr std::int64_t kEnoughPixels = 64;
  const bool takes_any_slices = spec.parameters.value("slices_as", "sequence") != "channels";
  TensorMap inputs;
  for (const InputSpec& input : spec.inputs) {
    std::vector<std::int64_t> shape = {1};
    for (const AxisSpec& axis : input.axes) {
      std::int64_t size = axis.size.value_or(axis.multiple_of);
      const bool is_free = axis.size && spec.architecture != kExportedArchitecture;  // those take one size only
      if (is_free && takes_any_slices && axis.name == "slice") size = 1;
      if (is_free && (axis.name == "row" || axis.name == "column")) size = std::min(size, kEnoughPixels);
      shape.push_back(size);
    }
    inputs.emplace(input.name, torch::zeros(shape));
  }
  return inputs;
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

void check_claims(const fs::path& folder, const Manifest& manifest) {
  const std::string file = (folder / kManifestFile).string();
  double all_weights = 0;
  for (const NetworkSpec& spec : manifest.networks) {
    const std::string place = text("network \"", spec.name, "\"");
    const ArchitectureSummary summary = summarise_architecture(spec.architecture, spec.parameters, file, place);
    check_names(spec, summary, text(file, ": ", place));
    if (!spec.activation_ranges.empty() && spec.architecture != "unet") {
      refuse(text(file, ": ", place, ": activation_ranges are for networks of the architecture unet"));
    }
    const double weights = weights_in(path_inside(folder, spec.weights.file), spec.architecture);
    if (summary.least_weights > weights) {
      refuse(text(file, ": ", place, ": parameters ask for more than ", summary.least_weights, " weights, ",
                  spec.weights.file, " holds ", weights));
    }
    all_weights += weights;
  }
  if (all_weights > kMaxBundleWeights) {
    refuse(text(file, ": networks have ", all_weights, " weights together, more than ", kMaxBundleWeights));
  }
}

BundleNetwork load_bundle_network(const fs::path& folder, const NetworkSpec& spec, bool runs_once) {
  const std::string manifest = (folder / kManifestFile).string();
  const std::string place = text("network \"", spec.name, "\"");
  return in_plain_words(ErrorKind::BundleInvalid, text(manifest, ": ", place), [&] {
    const fs::path weights = path_inside(folder, spec.weights.file);
    BundleNetwork result{spec, load_network(spec.architecture, spec.parameters, weights, manifest, place)};
    if (runs_once) run_network(result, small_inputs(spec));
    return result;
  });
}

Bundle load_bundle(const fs::path& folder, bool in_bytes) {
  Bundle bundle;
  bundle.folder = folder;
  bundle.manifest = read_manifest(folder);
  bundle.sha256 = sha256_of_file(folder / kManifestFile);
  check_claims(folder, bundle.manifest);
  const auto& specs = bundle.manifest.networks;
  bundle.networks.resize(specs.size());
  parallel_for(specs.size(), [&](size_t k) {
    check_pinned_file(folder, specs[k].weights);
    bundle.networks[k] = load_bundle_network(folder, specs[k], !in_bytes || specs[k].activation_ranges.empty());
  });
  return bundle;
}

at::Tensor activate(const at::Tensor& logits, const OutputSpec& spec) {
  const at::Tensor scaled = logits.to(at::kFloat) / spec.temperature;
  if (spec.activation == "places") return torch::softmax(scaled.flatten(1), 1).view_as(scaled);
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
