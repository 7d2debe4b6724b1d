#include "bundle/kept_networks.h"

#include <algorithm>

#include "bundle/golden.h"

namespace lumbargrade {
namespace {

bool is_replaced(const Manifest& base, const NetworkSpec& spec, const std::vector<std::string>& replaced_roles) {
  const auto has_replaced_role = [&](const NetworkSpec& network) {
    return std::count(replaced_roles.begin(), replaced_roles.end(), network.role) > 0;
  };
  return has_replaced_role(spec) ||
         std::any_of(base.networks.begin(), base.networks.end(), [&](const NetworkSpec& network) {
           return has_replaced_role(network) && std::count(spec.members.begin(), spec.members.end(), network.name) > 0;
         });
}

}  // namespace

std::vector<TrainedNetwork> kept_networks(const Bundle& base, const std::vector<std::string>& replaced_roles) {
  std::vector<TrainedNetwork> kept;
  for (const BundleNetwork& network : base.networks) {
    if (is_replaced(base.manifest, network.spec, replaced_roles)) continue;
    kept.push_back({network.spec, read_safetensors(base.folder / network.spec.weights.file),
                    golden_inputs(read_safetensors(base.folder / network.spec.golden.tensors.file))});
  }
  return kept;
}

}  // namespace lumbargrade
