#pragma once

#include <torch/types.h>

#include <string>

namespace lumbargrade {

/// Networks that can compute in 8-bit integers are to do so (bundle/int8_network.h).
inline constexpr const char* kInt8 = "int8";

/// The numbers that networks compute in: "float32", "bfloat16", "float16"; with kInt8 float32, of those that cannot.
/// Throws Error (Usage) for another word, and for float16 on the CPU, which has no fast kernels for it.
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
