#pragma once

#include <torch/types.h>

#include <string>

namespace lumbargrade {

/// The numbers that networks compute in: "float32", "bfloat16", "float16". Throws Error (Usage) for another word, and
/// for float16 on the CPU, which has no fast kernels for it.
torch::ScalarType scalar_type_of(const std::string& precision, const torch::Device& device);

}  // namespace lumbargrade
