#include "levels/spine_networks.h"

#include "bundle/int8_network.h"
#include "core/error.h"
#include "network/parallel_for.h"
#include "network/precision.h"

namespace lumbargrade {
namespace {

constexpr const char* kLocatorRole = "locator";
constexpr const char* kCanalOutlineRole = "canal_outline";

UNetRunner runner_of(const Bundle& bundle, const std::string& role, const torch::Device& device,
                     const std::string& precision) {
  const BundleNetwork& network = bundle.network(role);
  UNet unet = unet_of(bundle, role);
  if (precision != kInt8 || network.spec.activation_ranges.empty()) {
    return {std::move(unet), device, scalar_type_of(precision, device)};
  }
  return {int8_network(bundle.folder, network), unet->options()};
}

void check_int8(const Bundle& bundle, const torch::Device& device) {
  const auto refuse = [](const std::string& reason) {
    throw Error(ErrorKind::Usage, "--precision int8: " + reason + "; use float32");
  };
  if (!device.is_cpu()) refuse("is for the CPU");
  if (!has_int8_convolutions()) refuse("needs a processor with AVX-512 VNNI, and LibTorch 2.4 or newer");
  if (bundle.network(kLocatorRole).spec.activation_ranges.empty()) {
    refuse(
        text("the bundle ", bundle.folder.string(), " has no activation_ranges (lumbargrade train measures --ranges)"));
  }
}

}  // namespace

std::optional<CanalOutliner> SpineNetworks::outliner() const {
  if (!outline) return std::nullopt;
  return CanalOutliner{
      [network = outline](const std::vector<OutlineInput>& inputs) { return network->predict(inputs); },
      outline->multiple_of()};
}

SpineNetworks spine_networks(const Bundle& bundle, const torch::Device& device, const std::string& precision) {
  if (precision == kInt8) check_int8(bundle, device);
  SpineNetworks networks;
  const bool has_outline = bundle.manifest.network(kCanalOutlineRole) != nullptr;
  parallel_for(has_outline ? 2 : 1, [&](size_t k) {
    if (k == 0) {
      networks.locator = std::make_shared<LocatorNetwork>(runner_of(bundle, kLocatorRole, device, precision));
    } else {
      networks.outline = std::make_shared<CanalOutlineNetwork>(runner_of(bundle, kCanalOutlineRole, device, precision));
    }
  });
  return networks;
}

UNet unet_of(const Bundle& bundle, const std::string& role) {
  auto module = std::dynamic_pointer_cast<UNetImpl>(bundle.network(role).network.module);
  if (!module) throw Error(ErrorKind::BundleInvalid, text(bundle.folder.string(), ": the ", role, " is no U-Net"));
  return UNet(std::move(module));
}

}  // namespace lumbargrade
