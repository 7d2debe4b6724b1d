#include "network/slice_pooling.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

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

}  // namespace

std::shared_ptr<SlicePooling> make_slice_pooling(PoolingKind kind, int64_t in_features, int64_t hidden,
                                                 double dropout) {
  (void)dropout;
  switch (kind) {
    case PoolingKind::Mean:
      return std::make_shared<MeanPooling>(in_features);
    case PoolingKind::Attention:
      return std::make_shared<AttentionPooling>(in_features, hidden);
    case PoolingKind::LstmAttention:
    case PoolingKind::Transformer:
      break;
  }
  TORCH_CHECK(false, "this pooling is being written");
}

}  // namespace lumbargrade
