#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "network/safetensors.h"

namespace lumbargrade {

/// A network as a bundle sees it.
struct Network {
  std::shared_ptr<torch::nn::Module> module;
  /// Named inputs to named logits, through `module`. Throws c10::Error when an input is missing or misshaped.
  std::function<TensorMap(const TensorMap&)> forward;
};

/// Builds a network with fresh weights from its name and parameters in the manifest. `place` names the file and the
/// entry in errors, which are of kind BundleInvalid: unknown architecture (with the nearest name), unknown, missing or
/// senseless parameters.
///
/// | architecture | parameters | inputs | outputs |
/// |---|---|---|---|
/// | `unet` | `widths`, `fine_classes`, `coarse_maps` of UNetOptions | `image` N x 1 x H x W | `fine`, `coarse` of
/// UNetOutput |
Network build_network(const std::string& architecture, const nlohmann::json& parameters, const std::string& file,
                      const std::string& place);

/// The names that build_network knows.
std::vector<std::string> architecture_names();

}  // namespace lumbargrade
