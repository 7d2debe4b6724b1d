#pragma once

#include <torch/nn/module.h>

#include <string_view>

#include "network/safetensors.h"

namespace lumbargrade {

/// Every parameter and buffer of `module` under its dotted name ("encoder.0.conv.weight"), sharing memory with it.
TensorMap collect_state(const torch::nn::Module& module);

/// Copies `state` into the parameters and buffers of `module`, which keep their device and dtype; floating dtypes
/// convert into each other, whole-number ones must agree. Names and shapes must match exactly, and every value must be
/// finite: the first tensor that is missing, left over or misshaped is named in an Error of kind BundleInvalid, and
/// then `module` is unchanged. `what` says whose tensors they are, such as the file.
void load_state(torch::nn::Module& module, const TensorMap& state, std::string_view what);

}  // namespace lumbargrade
