#include "network/slice_pooling.h"

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/utils/rnn.h>

#include <cmath>

#include "network/transformer_layer.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr int64_t kLayers = 2;  // of the LSTM and of the transformer

/// 1 over the number of valid slices at each of them.
torch::Tensor uniform_weights(const torch::Tensor& valid, const torch::TensorOptions& options) {
  const torch::Tensor mask = valid.to(options);
  return mask / mask.sum(1, true).clamp_min(1);
}

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
  explicit MeanPooling(int64_t features) : features_(features) {}

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    const torch::Tensor weights = uniform_weights(valid, features.options());
    return {weighted_sum(without_invalid(features, valid), weights), weights};
  }
  int64_t features() const override { return features_; }

 private:
  int64_t features_;
};

/// weights = softmax(w . tanh(V f)) over the slices (Ilse 2018, equation 8).
class AttentionPooling : public SlicePooling {
 public:
  AttentionPooling(int64_t features, int64_t hidden)
      : features_(features),
        project_(register_module("project", nn::Linear(features, hidden))),
        score_(register_module("score", nn::Linear(nn::LinearOptions(hidden, 1).bias(false)))) {}

  PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) override {
    const torch::Tensor clean = without_invalid(features, valid);
    const torch::Tensor scores = score_->forward(torch::tanh(project_->forward(clean))).squeeze(2);
    const torch::Tensor weights = masked_softmax(scores, valid);
    return {weighted_sum(clean, weights), weights};
  }
  int64_t features() const override { return features_; }

 private:
  int64_t features_;
  nn::Linear project_;
  nn::Linear score_;
};

/// Two layers of a bidirectional LSTM or GRU along the slices, then attention.
template <typename Recurrent, typename RecurrentOptions>
class RecurrentAttentionPooling : public SlicePooling {
 public:
  RecurrentAttentionPooling(const char* name, int64_t features, int64_t hidden, double dropout)
      : recurrent_(register_module(name, Recurrent(RecurrentOptions(features, hidden / 2)
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
  int64_t features() const override { return attention_->features(); }

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

/// Slices attend to each other, then attention joins them.
class TransformerPooling : public SlicePooling {
 public:
  TransformerPooling(int64_t features, int64_t hidden, double dropout)
      : project_(register_module("project", nn::Linear(features, hidden))),
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
  int64_t features() const override { return attention_->features(); }

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
