#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "network/state.h"

namespace lumbargrade {

/// `count` numbers in [-1, 1) that the name alone decides: `uniform` of timm_reference.py, bit by bit.
inline torch::Tensor uniform_values(std::string_view name, int64_t count) {
  std::uint64_t seed = 0xCBF29CE484222325;
  for (const char byte : name) seed = (seed ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  torch::Tensor values = torch::empty({count}, torch::kDouble);
  double* out = values.data_ptr<double>();
  for (int64_t k = 0; k < count; ++k) {
    std::uint64_t z = seed + static_cast<std::uint64_t>(k + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    out[k] = static_cast<double>(z >> 40) / 8388608.0 - 1;
  }
  return values;
}

/// `values_of` of timm_reference.py.
inline torch::Tensor fixed_values(const std::string& name, at::IntArrayRef shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  torch::Tensor values = uniform_values(name, count);
  if (name.ends_with("running_var")) {
    values = 1 + 0.5 * values;
  } else if (name.ends_with("running_mean") || name.ends_with("bias")) {
    values = 0.1 * values;
  } else if (name.ends_with("gamma")) {
    values = 0.3 + 0.2 * values;
  } else if (shape.size() > 1) {
    values = values * std::sqrt(3.0 * static_cast<double>(shape[0]) / static_cast<double>(count));
  } else if (name.ends_with("weight")) {
    values = 1 + 0.4 * values;
  }
  return values.to(torch::kFloat).reshape(shape);
}

/// The state that timm_reference.py's `set_state` gives a module.
inline void set_fixed_state(torch::nn::Module& module) {
  const torch::NoGradGuard no_gradients;
  for (auto& [name, tensor] : collect_state(module)) {
    if (tensor.is_floating_point()) tensor.copy_(fixed_values(name, tensor.sizes()));
  }
  module.eval();
}

inline double greatest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace lumbargrade
