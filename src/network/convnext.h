#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "network/backbone.h"

namespace lumbargrade {

struct ConvNeXtOptions {
  std::vector<int64_t> widths;  ///< channels per stage, finest first
  std::vector<int64_t> blocks;  ///< per stage
  /// timm keeps the weights of the pointwise layers as 1 x 1 convolutions in the small models, as matrices in the large
  /// ones. They compute the same.
  bool pointwise_convolutions = false;
};

/// A matrix over the channels of N x H x W x C, stored as a convolution or as a linear layer.
class PointwiseImpl : public torch::nn::Module {
 public:
  PointwiseImpl(int64_t in_channels, int64_t out_channels, bool as_convolution);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::Tensor weight_;
  torch::Tensor bias_;
};
TORCH_MODULE(Pointwise);

/// Depthwise 7 x 7, layer normalisation, two pointwise layers, a scale per channel, beside a shortcut.
class ConvNeXtBlockImpl : public torch::nn::Module {
 public:
  ConvNeXtBlockImpl(int64_t channels, bool pointwise_convolutions, double drop_path);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::Tensor gamma_;
  torch::nn::Conv2d depthwise_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
  Pointwise expand_{nullptr};
  Pointwise contract_{nullptr};
  double drop_path_;
};
TORCH_MODULE(ConvNeXtBlock);

/// ConvNeXt (Liu 2022). The features are normalised after pooling, as in the published networks.
class ConvNeXt : public Backbone {
 public:
  ConvNeXt(const ConvNeXtOptions& options, int64_t in_channels, double drop_path);
  torch::Tensor maps(const torch::Tensor& image) override;
  torch::Tensor finished(const torch::Tensor& pooled) override;
  int64_t features() const override { return features_; }

 private:
  /// A strided convolution with the normalisation before it (stages) or after it (stem).
  struct Downsampling {
    torch::nn::LayerNorm norm{nullptr};
    torch::nn::Conv2d convolution{nullptr};
  };

  void add_stem(int64_t in_channels, int64_t channels);
  void add_stage(size_t stage, const ConvNeXtOptions& options, double drop_path, torch::nn::Module& stages);

  Downsampling stem_;
  std::vector<Downsampling> downsamplings_;  // before each stage but the first
  std::vector<torch::nn::Sequential> stages_;
  torch::nn::LayerNorm norm_{nullptr};
  int64_t features_;
};

}  // namespace lumbargrade
