#pragma once

#include <torch/types.h>

#include <functional>

namespace lumbargrade {

/// `compute` of `input`, of which nothing but the input is kept for the backward pass: there it is computed once more,
/// with the same random numbers and precision (gradient checkpointing, Chen 2016). `compute` is a function of its input
/// and of parameters, which must live until then and whose gradients are added to as always; it has no other effect.
torch::Tensor recomputed(const std::function<torch::Tensor(const torch::Tensor&)>& compute, const torch::Tensor& input);

}  // namespace lumbargrade
