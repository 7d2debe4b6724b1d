#pragma once

#include <torch/types.h>

#include <string>

namespace lumbargrade {

/// The numbers that networks compute in: "float32", "bfloat16", "float16". Throws Error (Usage) for another word, and
/// for float16 on the CPU, which has no fast kernels for it.
torch::ScalarType scalar_type_of(const std::string& precision, const torch::Device& device);

/// Whether a device's operators compute in lower precision, and in which (PyTorch's autocast). Of this thread.
struct Autocast {
  bool on = false;
  torch::ScalarType type = torch::kBFloat16;
};

Autocast autocast_of(torch::DeviceType device);

/// Forgets the weights that were converted so far.
void set_autocast(torch::DeviceType device, const Autocast& wanted);

}  // namespace lumbargrade
