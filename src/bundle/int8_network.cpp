#include "bundle/int8_network.h"

#include <algorithm>

#include "bundle/golden.h"
#include "core/error.h"
#include "network/conv_norm.h"

namespace lumbargrade {
namespace {

[[noreturn]] void refuse_int8(const NetworkSpec& spec, const std::string& reason) {
  throw Error(ErrorKind::BundleInvalid, text("the network ", spec.name, " in 8-bit integers: ", reason));
}

}  // namespace

double int8_golden_difference(const std::filesystem::path& folder, const NetworkSpec& spec, const Int8UNet& int8) {
  const UNetOptions options = read_unet_options(spec.parameters, (folder / kManifestFile).string(), spec.name);
  const auto forward = [&](const TensorMap& inputs) {
    const UNetOutput output = split_logits(int8.logits(inputs.at("image")), options);
    TensorMap outputs = {{"fine", output.fine}};
    if (options.coarse_maps > 0) outputs.emplace("coarse", output.coarse);
    return outputs;
  };
  const BundleNetwork network{spec, {nullptr, forward}};
  return golden_differences(network, read_safetensors(folder / spec.golden.tensors.file)).mean;
}

std::shared_ptr<const Int8UNet> int8_network(const std::filesystem::path& folder, const BundleNetwork& network) {
  const NetworkSpec& spec = network.spec;
  auto* module = dynamic_cast<UNetImpl*>(network.network.module.get());
  if (module == nullptr) refuse_int8(spec, "it is no unet");
  prepare_for_inference(*module);
  const auto int8 = std::make_shared<Int8UNet>(*module, spec.activation_ranges);
  check_pinned_file(folder, spec.golden.tensors);
  const double difference = int8_golden_difference(folder, spec, *int8);
  if (difference <= kInt8Tolerance) return int8;
  refuse_int8(spec, text("golden outputs differ by ", difference, " on average, allowed are ", kInt8Tolerance,
                         "; its activation_ranges do not fit it: use --precision float32, or measure them again with "
                         "lumbargrade train measures --ranges"));
}

}  // namespace lumbargrade
