#include "network/architecture.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/nearest_name.h"
#include "network/strict_object.h"
#include "network/unet.h"

namespace lumbargrade {
namespace {

// Bounds on what a manifest may ask for, far above anything useful: they keep a hostile one from filling the memory.
constexpr std::int64_t kMaxWidth = 1024;
constexpr std::int64_t kMaxMaps = 256;
constexpr std::size_t kMaxLevels = 8;

const at::Tensor& input_named(const TensorMap& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  TORCH_CHECK(found != inputs.end(), "the network's input \"", name, "\" is missing");
  return found->second;
}

UNetOptions unet_options(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  const StrictObject object(parameters, file, place, {"widths", "fine_classes", "coarse_maps"});
  UNetOptions options;
  options.widths = object.integers("widths", 2, kMaxLevels, 1, kMaxWidth);
  options.fine_classes = object.integer("fine_classes", 1, kMaxMaps);
  options.coarse_maps = object.integer("coarse_maps", 1, kMaxMaps);
  return options;
}

Network build_unet(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  UNet network(unet_options(parameters, file, place));
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            const UNetOutput output = network->forward(input_named(inputs, "image"));
            return TensorMap{{"fine", output.fine}, {"coarse", output.coarse}};
          }};
}

struct Architecture {
  const char* name;
  Network (*build)(const nlohmann::json& parameters, const std::string& file, const std::string& place);
};

// A new architecture is one line here, one builder above, and its row in the header's table.
constexpr std::array kArchitectures = {Architecture{"unet", build_unet}};

}  // namespace

std::vector<std::string> architecture_names() {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) names.emplace_back(known.name);
  return names;
}

Network build_network(const std::string& architecture, const nlohmann::json& parameters, const std::string& file,
                      const std::string& place) {
  for (const Architecture& known : kArchitectures) {
    if (architecture == known.name) return known.build(parameters, file, place + ".parameters");
  }
  throw Error(ErrorKind::BundleInvalid, text(file, ": ", place, ".architecture is the unknown \"", architecture, "\"",
                                             name_hint(architecture, architecture_names())));
}

}  // namespace lumbargrade
