#include "network/slice_pooling.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>
#include <torch/nn/utils/rnn.h>

#include <cmath>

#include "network/conv_norm.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr int64_t kLayers = 2;  // of the LSTM and of the transformer
constexpr int64_t kHeads = 4;   // of a transformer layer
constexpr int64_t kExpansion = 2;

/// Softmax over the valid slices of scores N x S; zeros where there are none.
torch::Tensor masked_softmax(const torch::Tensor& scores, const torch::Tensor& valid) {
  const torch::Tensor full = scores.to(torch::kFloat).masked_fill(~valid, -1e30);
  return torch::softmax(full, 1).masked_fill(~valid, 0).to(scores.scalar_type());
}

torch::Tensor weighted_sum(const torch::Tensor& features, const torch::Tensor& weights) {
  return torch::bmm(weights.unsqueeze(1), features).squeeze(1);
}

/// Zeros in place of invalid slices, which may hold anything, even NaN.
torch::Tensor without_invalid(const torch::Tensor& features, const torch::Tensor& valid) {
  return features.masked_fill(~valid.unsqueeze(2), 0);
}

class MeanPooling : public SlicePooling {
 public:
  using SlicePooling::SlicePooling;

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    const torch::Tensor mask = valid.to(features.options());
    const torch::Tensor weights = mask / mask.sum(1, true).clamp_min(1);
    return {weighted_sum(without_invalid(features, valid), weights), weights};
  }
};

/// weights = softmax(w . tanh(V f)) over the slices (Ilse 2018, equation 8).
class AttentionPooling : public SlicePooling {
 public:
  AttentionPooling(int64_t features, int64_t hidden)
      : SlicePooling(features),
        project_(register_module("project", nn::Linear(features, hidden))),
        score_(register_module("score", nn::Linear(nn::LinearOptions(hidden, 1).bias(false)))) {}

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    const torch::Tensor clean = without_invalid(features, valid);
    const torch::Tensor scores = score_->forward(torch::tanh(project_->forward(clean))).squeeze(2);
    const torch::Tensor weights = masked_softmax(scores, valid);
    return {weighted_sum(clean, weights), weights};
  }

 private:
  nn::Linear project_;
  nn::Linear score_;
};

/// Two layers of a bidirectional LSTM or GRU along the slices, then attention.
template <typename Recurrent, typename RecurrentOptions>
class RecurrentAttentionPooling : public SlicePooling {
 public:
  RecurrentAttentionPooling(const char* name, int64_t features, int64_t hidden, double dropout)
      : SlicePooling(hidden),
        recurrent_(register_module(name, Recurrent(RecurrentOptions(features, hidden / 2)
                                                       .num_layers(kLayers)
                                                       .bidirectional(true)
                                                       .batch_first(true)
                                                       .dropout(dropout)))),
        attention_(register_module("attention", std::make_shared<AttentionPooling>(hidden, hidden))) {}

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    const bool complete = valid.all().item<bool>();
    return attention_->forward(complete ? std::get<0>(recurrent_->forward(features)) : along_valid(features, valid),
                               valid);
  }

 private:
  /// It goes from one valid slice to the next as if there were no others.
  torch::Tensor along_valid(const torch::Tensor& features, const torch::Tensor& valid) {
    const int64_t slices = valid.size(1);
    // Valid slices first, in their order.
    const torch::Tensor order = torch::argsort(valid.logical_not().to(torch::kInt), /*stable=*/true, 1, false);
    const torch::Tensor lengths = valid.sum(1).clamp_min(1).cpu();
    const auto packed = nn::utils::rnn::pack_padded_sequence(rows_taken(without_invalid(features, valid), order),
                                                             lengths, /*batch_first=*/true, /*enforce_sorted=*/false);
    const torch::Tensor output = std::get<0>(nn::utils::rnn::pad_packed_sequence(
        std::get<0>(recurrent_->forward_with_packed_input(packed)), /*batch_first=*/true, 0.0, slices));
    return rows_taken(output, torch::argsort(order, /*stable=*/true, 1, false));
  }

  static torch::Tensor rows_taken(const torch::Tensor& rows, const torch::Tensor& order) {
    return rows.gather(1, order.unsqueeze(2).expand({-1, -1, rows.size(2)}));
  }

  Recurrent recurrent_;
  std::shared_ptr<AttentionPooling> attention_;
};

/// Sines and cosines of the distance from the middle slice, S x width (Vaswani 2017, section 3.5).
torch::Tensor position_code(int64_t slices, int64_t width, const torch::TensorOptions& options) {
  const torch::Tensor position = torch::arange(slices, torch::kDouble) - static_cast<double>(slices - 1) / 2;
  const torch::Tensor frequency =
      torch::exp(torch::arange(0, width, 2, torch::kDouble) * (-std::log(10000.0) / static_cast<double>(width)));
  const torch::Tensor angle = torch::outer(position, frequency);
  return torch::stack({torch::sin(angle), torch::cos(angle)}, 2).reshape({slices, width}).to(options);
}

/// Tokens attend to each other, then each passes two linear layers; normalisation before both (Xiong 2020). Names of
/// parameters and arithmetic are those of PyTorch's TransformerEncoderLayer with norm_first and GELU, which LibTorch's
/// C++ lacks.
class TransformerLayerImpl : public nn::Module {
 public:
  /// `width` must be a multiple of kHeads.
  TransformerLayerImpl(int64_t width, double dropout) : dropout_(dropout) {
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

  /// `tokens` N x T x width; `valid` N x T bool: the others are seen by nobody but themselves.
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& valid) {
    const bool training = is_training();
    const torch::Tensor seen =
        tokens + torch::dropout(attended(first_norm_->forward(tokens), valid), dropout_, training);
    const torch::Tensor expanded =
        torch::dropout(torch::gelu(expand_->forward(second_norm_->forward(seen))), dropout_, training);
    return seen + torch::dropout(contract_->forward(expanded), dropout_, training);
  }

 private:
  torch::Tensor attended(const torch::Tensor& tokens, const torch::Tensor& valid) {
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

  double dropout_;
  torch::Tensor in_weight_;
  torch::Tensor in_bias_;
  nn::Linear out_{nullptr};
  nn::Linear expand_{nullptr};
  nn::Linear contract_{nullptr};
  nn::LayerNorm first_norm_{nullptr};
  nn::LayerNorm second_norm_{nullptr};
};
TORCH_MODULE(TransformerLayer);

/// Slices attend to each other, then attention joins them.
class TransformerPooling : public SlicePooling {
 public:
  TransformerPooling(int64_t features, int64_t hidden, double dropout)
      : SlicePooling(hidden),
        project_(register_module("project", nn::Linear(features, hidden))),
        layers_(register_module("layers", nn::ModuleList())),
        norm_(register_module("norm", nn::LayerNorm(nn::LayerNormOptions({hidden})))),
        attention_(register_module("attention", std::make_shared<AttentionPooling>(hidden, hidden))) {
    for (int64_t layer = 0; layer < kLayers; ++layer) layers_->push_back(TransformerLayer(hidden, dropout));
  }

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    torch::Tensor tokens = project_->forward(without_invalid(features, valid));
    tokens = tokens + position_code(tokens.size(1), tokens.size(2), tokens.options());
    for (const auto& layer : *layers_) tokens = layer->as<TransformerLayer>()->forward(tokens, valid);
    return attention_->forward(norm_->forward(tokens), valid);
  }

 private:
  nn::Linear project_;
  nn::ModuleList layers_;
  nn::LayerNorm norm_;
  std::shared_ptr<AttentionPooling> attention_;
};

}  // namespace

std::shared_ptr<SlicePooling> make_slice_pooling(PoolingKind kind, int64_t in_features, int64_t hidden,
                                                 double dropout) {
  switch (kind) {
    case PoolingKind::Mean:
      return std::make_shared<MeanPooling>(in_features);
    case PoolingKind::Attention:
      return std::make_shared<AttentionPooling>(in_features, hidden);
    case PoolingKind::LstmAttention:
      return std::make_shared<RecurrentAttentionPooling<nn::LSTM, nn::LSTMOptions>>("lstm", in_features, hidden,
                                                                                    dropout);
    case PoolingKind::GruAttention:
      return std::make_shared<RecurrentAttentionPooling<nn::GRU, nn::GRUOptions>>("gru", in_features, hidden, dropout);
    case PoolingKind::Transformer:
      return std::make_shared<TransformerPooling>(in_features, hidden, dropout);
  }
  TORCH_CHECK(false, "there is no such pooling");
}

}  // namespace lumbargrade
