#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace lumbargrade {

/// Tokens attend to each other, then each passes two linear layers; normalisation before both (Xiong 2020). Names of
/// parameters and arithmetic are those of PyTorch's TransformerEncoderLayer with norm_first and GELU, which LibTorch's
/// C++ lacks.
class TransformerLayerImpl : public torch::nn::Module {
 public:
  /// `width` must be a multiple of kHeads.
  TransformerLayerImpl(int64_t width, double dropout);

  /// `tokens` N x T x width; `valid` N x T bool: the others are seen by nobody but themselves.
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& valid);

  static constexpr int64_t kHeads = 4;

 private:
  torch::Tensor attended(const torch::Tensor& tokens, const torch::Tensor& valid);

  double dropout_;
  torch::Tensor in_weight_;
  torch::Tensor in_bias_;
  torch::nn::Linear out_{nullptr};
  torch::nn::Linear expand_{nullptr};
  torch::nn::Linear contract_{nullptr};
  torch::nn::LayerNorm first_norm_{nullptr};
  torch::nn::LayerNorm second_norm_{nullptr};
};
TORCH_MODULE(TransformerLayer);

}  // namespace lumbargrade
