#include "bundle/kept_networks.h"

#include <algorithm>

#include "bundle/golden.h"

namespace lumbargrade {
namespace {

bool is_replaced(const Manifest& base, const NetworkSpec& spec, const std::vector<std::string>& replaced_roles) {
  const auto has_replaced_role = [&](const NetworkSpec& network) {
    return std::count(replaced_roles.begin(), replaced_roles.end(), network.role) > 0;
  };
  // A stack stands on all networks that grade.
  const bool grading_changes = std::any_of(replaced_roles.begin(), replaced_roles.end(), is_grading_role);
  return has_replaced_role(spec) || (spec.role == kStackRole && grading_changes) ||
         std::any_of(base.networks.begin(), base.networks.end(), [&](const NetworkSpec& network) {
           return has_replaced_role(network) && std::count(spec.members.begin(), spec.members.end(), network.name) > 0;
         });
}

}  // namespace

std::vector<TrainedNetwork> kept_networks(const Bundle& base, const std::vector<std::string>& replaced_roles) {
  std::vector<TrainedNetwork> kept;
  for (const BundleNetwork& network : base.networks) {
    if (is_replaced(base.manifest, network.spec, replaced_roles)) continue;
    const TensorMap golden = read_safetensors(base.folder / network.spec.golden.tensors.file);
    const auto weights = base.folder / network.spec.weights.file;
    TrainedNetwork& stays = kept.emplace_back(TrainedNetwork{network.spec, {}, golden_inputs(golden)});
    if (network.spec.architecture == kExportedArchitecture) {
      stays.package = weights;
      stays.golden_outputs = golden_outputs(golden);
    } else {
      stays.state = read_safetensors(weights);
    }
  }
  return kept;
}

}  // namespace lumbargrade
