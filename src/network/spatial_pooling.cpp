#include "network/spatial_pooling.h"

#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr double kGemExponent = 3;  // to begin with, as Radenovic 2018
constexpr double kLeastActivation = 1e-6;
constexpr double kLeastExponent = 1;  // the mean; below, small values would decide

class MeanOfPositions : public SpatialPooling {
 public:
  torch::Tensor forward(const torch::Tensor& maps) override { return maps.flatten(2).mean(2); }
};

/// (mean of x^p)^(1/p) with a p that is learned (Radenovic 2018): between the mean and the maximum.
class GeneralisedMean : public SpatialPooling {
 public:
  GeneralisedMean() : exponent_(register_parameter("p", torch::full({1}, kGemExponent))) {}

  torch::Tensor forward(const torch::Tensor& maps) override {
    const torch::Tensor p = exponent_.clamp_min(kLeastExponent);
    // In float32: powers of half precision overflow.
    const torch::Tensor values = maps.flatten(2).to(torch::kFloat32).clamp_min(kLeastActivation);
    return values.pow(p).mean(2).pow(1 / p).to(maps.scalar_type());
  }

 private:
  torch::Tensor exponent_;
};

/// A heat map over the positions, by a 1 x 1 convolution and softmax, says how much each counts.
class HeatMapAttention : public SpatialPooling {
 public:
  explicit HeatMapAttention(int64_t features)
      : score_(register_module("score", nn::Linear(nn::LinearOptions(features, 1).bias(false)))) {
    nn::init::zeros_(score_->weight);  // begins as the mean
  }

  torch::Tensor forward(const torch::Tensor& maps) override {
    const torch::Tensor positions = maps.flatten(2).transpose(1, 2);
    const torch::Tensor weights = torch::softmax(score_->forward(positions).to(torch::kFloat32), 1);
    return (positions * weights.to(maps.scalar_type())).sum(1);
  }

 private:
  nn::Linear score_;
};

}  // namespace

std::shared_ptr<SpatialPooling> make_spatial_pooling(SpatialPoolingKind kind, int64_t features) {
  switch (kind) {
    case SpatialPoolingKind::Mean:
      return std::make_shared<MeanOfPositions>();
    case SpatialPoolingKind::GeneralisedMean:
      return std::make_shared<GeneralisedMean>();
    case SpatialPoolingKind::HeatMap:
      return std::make_shared<HeatMapAttention>(features);
  }
  TORCH_CHECK(false, "there is no such pooling");
}

torch::Tensor with_dropped_paths(const torch::Tensor& branch, double rate, bool training) {
  if (!training || rate <= 0) return branch;
  std::vector<int64_t> shape(static_cast<size_t>(branch.dim()), 1);
  shape.front() = branch.size(0);
  return branch * torch::empty(shape, branch.options()).bernoulli_(1 - rate) / (1 - rate);
}

double drop_path_rate(double rate, int64_t block, int64_t blocks) {
  return rate * static_cast<double>(block) / static_cast<double>(std::max<int64_t>(blocks - 1, 1));
}

}  // namespace lumbargrade
