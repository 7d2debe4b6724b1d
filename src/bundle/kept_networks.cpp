#include "bundle/kept_networks.h"

#include <algorithm>

#include "bundle/golden.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

/// Of what the network does, how much is replaced.
size_t replaced_parts(const NetworkSpec& network, const std::vector<std::string>& replaced_roles) {
  const std::vector<Condition> graded = graded_conditions(network);
  const auto is_replaced_role = [&](std::string_view role) {
    return std::count(replaced_roles.begin(), replaced_roles.end(), role) > 0;
  };
  if (graded.empty()) return is_replaced_role(network.role) ? 1 : 0;
  return static_cast<size_t>(std::count_if(
      graded.begin(), graded.end(), [&](Condition condition) { return is_replaced_role(grading_role(condition)); }));
}

bool is_replaced(const NetworkSpec& spec, const std::vector<std::string>& replaced_roles) {
  // A stack stands on all networks that grade.
  const bool grading_changes = std::any_of(replaced_roles.begin(), replaced_roles.end(), is_grading_role);
  return replaced_parts(spec, replaced_roles) > 0 || (spec.role == kStackRole && grading_changes);
}

}  // namespace

void check_replaceable(const Manifest& base, const std::vector<std::string>& replaced_roles) {
  for (const NetworkSpec& network : base.networks) {
    const size_t replaced = replaced_parts(network, replaced_roles), all = graded_conditions(network).size();
    if (replaced == 0 || replaced >= all) continue;
    throw Error(ErrorKind::Usage, text("the network ", network.name, " of the bundle ", base.name, " grades ",
                                       name_of(graded_conditions(network)),
                                       " together, of which only some would be replaced; replace all of them, or take "
                                       "another --bundle"));
  }
}

std::vector<TrainedNetwork> kept_networks(const Bundle& base, const std::vector<std::string>& replaced_roles) {
  check_replaceable(base.manifest, replaced_roles);
  std::vector<TrainedNetwork> kept;
  for (const BundleNetwork& network : base.networks) {
    if (is_replaced(network.spec, replaced_roles)) continue;
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
