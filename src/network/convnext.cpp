#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <numeric>

#include "network/backbone.h"
#include "network/conv_norm.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr double kInitialScale = 1e-6;
constexpr double kInitialDeviation = 0.02;
constexpr int64_t kMlpExpansion = 4;

nn::LayerNorm layer_norm(int64_t channels) {
  return nn::LayerNorm(nn::LayerNormOptions({channels}).eps(1e-6));
}

/// Normal with the tails beyond two units cut off. LibTorch's C++ has no trunc_normal_; timm cuts at +-2 whatever the
/// deviation, a hundred deviations here, so that this is a normal distribution.
void initialise(torch::Tensor& weight, torch::Tensor& bias) {
  nn::init::normal_(weight, 0, kInitialDeviation);
  nn::init::zeros_(bias);
}

nn::Conv2d convolution(const nn::Conv2dOptions& options) {
  nn::Conv2d made(options);
  initialise(made->weight, made->bias);
  return made;
}

torch::Tensor channels_to_end(const torch::Tensor& image) {
  return image.permute({0, 2, 3, 1});
}

torch::Tensor channels_to_front(const torch::Tensor& image) {
  return image.permute({0, 3, 1, 2});
}

torch::Tensor normalised(nn::LayerNorm& norm, const torch::Tensor& image) {
  return channels_to_front(norm->forward(channels_to_end(image)));
}

/// A matrix over the channels of N x H x W x C, stored as a convolution or as a linear layer.
class PointwiseImpl : public nn::Module {
 public:
  PointwiseImpl(int64_t in_channels, int64_t out_channels, bool as_convolution) {
    std::vector<int64_t> shape = {out_channels, in_channels};
    if (as_convolution) shape.insert(shape.end(), {1, 1});
    weight_ = register_parameter("weight", torch::empty(shape));
    bias_ = register_parameter("bias", torch::empty({out_channels}));
    initialise(weight_, bias_);
  }

  torch::Tensor forward(const torch::Tensor& input) { return torch::linear(input, weight_.flatten(1), bias_); }

 private:
  torch::Tensor weight_;
  torch::Tensor bias_;
};
TORCH_MODULE(Pointwise);

/// Depthwise 7 x 7, layer normalisation, two pointwise layers, a scale per channel, beside a shortcut.
class ConvNeXtBlockImpl : public nn::Module {
 public:
  ConvNeXtBlockImpl(int64_t channels, bool pointwise_convolutions, double drop_path) : drop_path_(drop_path) {
    gamma_ = register_parameter("gamma", torch::full({channels}, kInitialScale));
    depthwise_ =
        register_module("conv_dw", convolution(nn::Conv2dOptions(channels, channels, 7).padding(3).groups(channels)));
    norm_ = register_module("norm", layer_norm(channels));
    Group mlp = register_module("mlp", Group());
    expand_ = mlp->register_module("fc1", Pointwise(channels, kMlpExpansion * channels, pointwise_convolutions));
    contract_ = mlp->register_module("fc2", Pointwise(kMlpExpansion * channels, channels, pointwise_convolutions));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const torch::Tensor mixed = norm_->forward(channels_to_end(depthwise_->forward(input)));
    const torch::Tensor output = contract_->forward(torch::gelu(expand_->forward(mixed)));
    return input + with_dropped_paths(channels_to_front(output * gamma_), drop_path_, is_training());
  }

 private:
  torch::Tensor gamma_;
  nn::Conv2d depthwise_{nullptr};
  nn::LayerNorm norm_{nullptr};
  Pointwise expand_{nullptr};
  Pointwise contract_{nullptr};
  double drop_path_;
};
TORCH_MODULE(ConvNeXtBlock);

class ConvNeXt : public Backbone {
 public:
  ConvNeXt(const ConvNeXtOptions& shape, int64_t in_channels, double drop_path) : Backbone(shape.widths.back()) {
    add_stem(in_channels, shape.widths.front());
    Group stages = register_module("stages", Group());
    for (size_t stage = 0; stage < shape.widths.size(); ++stage) add_stage(stage, shape, drop_path, *stages);
    Group head = register_module("head", Group());
    norm_ = head->register_module("norm", layer_norm(features()));
  }

  torch::Tensor maps(const torch::Tensor& image) override {
    torch::Tensor output = normalised(stem_.norm, stem_.convolution->forward(image));
    for (size_t stage = 0; stage < stages_.size(); ++stage) {
      if (stage > 0) {
        Downsampling& step = downsamplings_[stage - 1];
        output = step.convolution->forward(normalised(step.norm, output));
      }
      output = stages_[stage]->forward(output);
    }
    return output;
  }

  torch::Tensor finished(const torch::Tensor& pooled) override { return norm_->forward(pooled); }

 private:
  /// A strided convolution with the normalisation before it (stages) or after it (stem).
  struct Downsampling {
    nn::LayerNorm norm{nullptr};
    nn::Conv2d convolution{nullptr};
  };

  void add_stem(int64_t in_channels, int64_t channels) {
    Group stem = register_module("stem", Group());
    stem_.convolution = stem->register_module("0", convolution(nn::Conv2dOptions(in_channels, channels, 4).stride(4)));
    stem_.norm = stem->register_module("1", layer_norm(channels));
  }

  void add_stage(size_t stage, const ConvNeXtOptions& shape, double drop_path, nn::Module& stages) {
    const int64_t channels = shape.widths[stage];
    Group group = stages.register_module(std::to_string(stage), Group());
    if (stage > 0) {
      const int64_t before = shape.widths[stage - 1];
      Group downsample = group->register_module("downsample", Group());
      Downsampling& step = downsamplings_.emplace_back();
      step.norm = downsample->register_module("0", layer_norm(before));
      step.convolution =
          downsample->register_module("1", convolution(nn::Conv2dOptions(before, channels, 2).stride(2)));
    }
    nn::Sequential blocks;
    for (int64_t block = 0; block < shape.blocks[stage]; ++block) {
      const int64_t before_it = std::accumulate(shape.blocks.begin(), shape.blocks.begin() + stage, block);
      const int64_t all = std::accumulate(shape.blocks.begin(), shape.blocks.end(), int64_t{0});
      blocks->push_back(
          ConvNeXtBlock(channels, shape.pointwise_convolutions, drop_path_rate(drop_path, before_it, all)));
    }
    stages_.emplace_back(group->register_module("blocks", blocks));
  }

  Downsampling stem_;
  std::vector<Downsampling> downsamplings_;  // before each stage but the first
  std::vector<nn::Sequential> stages_;
  nn::LayerNorm norm_{nullptr};
};

}  // namespace

std::shared_ptr<Backbone> make_convnext(const ConvNeXtOptions& shape, const BackboneOptions& options) {
  return std::make_shared<ConvNeXt>(shape, options.in_channels, options.drop_path);
}

}  // namespace lumbargrade
