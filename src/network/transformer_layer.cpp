#include "network/transformer_layer.h"

#include <torch/nn/init.h>

#include <cmath>

#include "network/conv_norm.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr int64_t kExpansion = 2;

}  // namespace

TransformerLayerImpl::TransformerLayerImpl(int64_t width, double dropout) : dropout_(dropout) {
  TORCH_CHECK(width % kHeads == 0, "a transformer's width must be a multiple of ", kHeads);
  Group attention = register_module("self_attn", Group());
  in_weight_ = attention->register_parameter("in_proj_weight", torch::empty({3 * width, width}));
  in_bias_ = attention->register_parameter("in_proj_bias", torch::zeros({3 * width}));
  nn::init::xavier_uniform_(in_weight_);
  out_ = attention->register_module("out_proj", nn::Linear(width, width));
  nn::init::zeros_(out_->bias);
  expand_ = register_module("linear1", nn::Linear(width, kExpansion * width));
  contract_ = register_module("linear2", nn::Linear(kExpansion * width, width));
  first_norm_ = register_module("norm1", nn::LayerNorm(nn::LayerNormOptions({width})));
  second_norm_ = register_module("norm2", nn::LayerNorm(nn::LayerNormOptions({width})));
}

torch::Tensor TransformerLayerImpl::attended(const torch::Tensor& tokens, const torch::Tensor& valid) {
  const int64_t n = tokens.size(0), t = tokens.size(1), width = tokens.size(2), depth = width / kHeads;
  // 3 x N x heads x T x depth
  const torch::Tensor parts =
      torch::linear(tokens, in_weight_, in_bias_).reshape({n, t, 3, kHeads, depth}).permute({2, 0, 3, 1, 4});
  const torch::Tensor scores =
      torch::matmul(parts[0], parts[1].transpose(2, 3)) / std::sqrt(static_cast<double>(depth));
  const torch::Tensor itself = torch::eye(t, valid.options());
  const torch::Tensor hidden = ~(valid.reshape({n, 1, 1, t}) | itself);
  const torch::Tensor weights =
      torch::softmax(scores.to(torch::kFloat).masked_fill(hidden, -1e30), 3).to(scores.scalar_type());
  const torch::Tensor joined = torch::matmul(torch::dropout(weights, dropout_, is_training()), parts[2]);
  return out_->forward(joined.transpose(1, 2).reshape({n, t, width}));
}

torch::Tensor TransformerLayerImpl::forward(const torch::Tensor& tokens, const torch::Tensor& valid) {
  const bool training = is_training();
  const torch::Tensor seen = tokens + torch::dropout(attended(first_norm_->forward(tokens), valid), dropout_, training);
  const torch::Tensor expanded =
      torch::dropout(torch::gelu(expand_->forward(second_norm_->forward(seen))), dropout_, training);
  return seen + torch::dropout(contract_->forward(expanded), dropout_, training);
}

}  // namespace lumbargrade
