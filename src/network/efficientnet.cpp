#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cmath>
#include <numeric>

#include "network/backbone.h"
#include "network/conv_norm.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr double kEpsilon = 1e-3;
constexpr int64_t kKernel = 3;
constexpr int64_t kStemChannels = 24;
constexpr int64_t kFeatures = 1280;
constexpr int64_t kSqueeze = 4;  // squeezed channels: those of the block's input divided by this

enum class Kind {
  Plain,    ///< 3 x 3
  Fused,    ///< 3 x 3 that expands, 1 x 1 back
  Inverted  ///< 1 x 1 that expands, depthwise 3 x 3, squeeze and excitation, 1 x 1 back
};

/// Blocks of one kind; `stride` is the first one's.
struct Stage {
  Kind kind;
  int64_t blocks;
  int64_t stride;
  int64_t expansion;
  int64_t channels;
};

// Tan 2021, table 4.
constexpr std::array kStages = {Stage{Kind::Plain, 2, 1, 1, 24},     Stage{Kind::Fused, 4, 2, 4, 48},
                                Stage{Kind::Fused, 4, 2, 4, 64},     Stage{Kind::Inverted, 6, 2, 4, 128},
                                Stage{Kind::Inverted, 9, 1, 6, 160}, Stage{Kind::Inverted, 15, 2, 6, 256}};

nn::Conv2dOptions tensorflow_conv3x3(int64_t in_channels, int64_t out_channels, int64_t stride) {
  return nn::Conv2dOptions(in_channels, out_channels, kKernel).stride(stride).padding(stride == 1 ? 1 : 0);
}

nn::Conv2dOptions conv1x1(int64_t in_channels, int64_t out_channels) {
  return nn::Conv2dOptions(in_channels, out_channels, 1);
}

/// TensorFlow's "SAME" before a 3 x 3 convolution of stride 2: an odd pixel of padding goes to the end.
torch::Tensor padded(const torch::Tensor& input, int64_t stride) {
  if (stride == 1) return input;
  const auto missing = [stride](int64_t size) {
    return std::max<int64_t>(((size + stride - 1) / stride - 1) * stride + kKernel - size, 0);
  };
  const int64_t rows = missing(input.size(2)), columns = missing(input.size(3));
  return torch::constant_pad_nd(input, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
}

/// In place, which saves memory.
torch::Tensor silu_in_place(torch::Tensor input) {
  return torch::silu_(input);
}

void initialise(nn::Module& module) {
  for (const auto& below : module.modules(false)) {
    auto* convolution = below->as<nn::Conv2d>();
    if (!convolution) continue;
    const torch::Tensor& weight = convolution->weight;
    const std::int64_t fan_out = weight.size(0) * weight.size(2) * weight.size(3) / convolution->options.groups();
    nn::init::normal_(weight, 0, std::sqrt(2 / static_cast<double>(fan_out)));
    if (convolution->bias.defined()) nn::init::zeros_(convolution->bias);
  }
}

/// Scales channels by what is seen of them in the whole image (Hu 2018).
class SqueezeExciteImpl : public nn::Module {
 public:
  SqueezeExciteImpl(int64_t channels, int64_t squeezed) {
    reduce_ = register_module("conv_reduce", nn::Conv2d(conv1x1(channels, squeezed)));
    expand_ = register_module("conv_expand", nn::Conv2d(conv1x1(squeezed, channels)));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    const torch::Tensor squeezed = torch::silu(reduce_->forward(input.mean({2, 3}, /*keepdim=*/true)));
    return input * torch::sigmoid(expand_->forward(squeezed));
  }

 private:
  nn::Conv2d reduce_{nullptr};
  nn::Conv2d expand_{nullptr};
};
TORCH_MODULE(SqueezeExcite);

/// One block of EfficientNetV2.
class EfficientNetBlockImpl : public nn::Module, public Foldable {
 public:
  EfficientNetBlockImpl(const Stage& stage, int64_t in, int64_t stride, double drop_path)
      : same_shape_(stride == 1 && in == stage.channels), stride_(stride), drop_path_(drop_path) {
    const int64_t out = stage.channels, wide = in * stage.expansion;
    switch (stage.kind) {
      case Kind::Plain:
        spatial_ = ConvNorm(this, "conv", "bn1", tensorflow_conv3x3(in, out, stride), kEpsilon);
        return;
      case Kind::Fused:
        spatial_ = ConvNorm(this, "conv_exp", "bn1", tensorflow_conv3x3(in, wide, stride), kEpsilon);
        project_ = ConvNorm(this, "conv_pwl", "bn2", conv1x1(wide, out), kEpsilon);
        return;
      case Kind::Inverted:
        expand_ = ConvNorm(this, "conv_pw", "bn1", conv1x1(in, wide), kEpsilon);
        spatial_ = ConvNorm(this, "conv_dw", "bn2", tensorflow_conv3x3(wide, wide, stride).groups(wide), kEpsilon);
        squeeze_excite_ = register_module("se", SqueezeExcite(wide, in / kSqueeze));
        project_ = ConvNorm(this, "conv_pwl", "bn3", conv1x1(wide, out), kEpsilon);
    }
  }

  torch::Tensor forward(const torch::Tensor& input) {
    return same_shape_ ? with_dropped_paths(branch(input), drop_path_, is_training()) + input : branch(input);
  }

  void fold_batch_norm() override {
    expand_.fold();
    spatial_.fold();
    project_.fold();
  }

 private:
  torch::Tensor branch(const torch::Tensor& input) {
    torch::Tensor output = expand_.exists() ? silu_in_place(expand_(input)) : input;
    output = silu_in_place(spatial_(padded(output, stride_)));
    if (!squeeze_excite_.is_empty()) output = squeeze_excite_->forward(output);
    return project_.exists() ? project_(output) : output;
  }

  bool same_shape_;
  int64_t stride_;
  double drop_path_;
  ConvNorm spatial_;  // 3 x 3
  ConvNorm expand_;   // Inverted
  ConvNorm project_;  // Fused and Inverted
  SqueezeExcite squeeze_excite_{nullptr};
};
TORCH_MODULE(EfficientNetBlock);

class EfficientNetV2S : public Backbone, public Foldable {
 public:
  EfficientNetV2S(int64_t in_channels, double drop_path)
      : Backbone(kFeatures),
        stem_(this, "conv_stem", "bn1", tensorflow_conv3x3(in_channels, kStemChannels, 2), kEpsilon) {
    Group all = register_module("blocks", Group());
    const int64_t all_blocks = std::accumulate(kStages.begin(), kStages.end(), int64_t{0},
                                               [](int64_t sum, const Stage& stage) { return sum + stage.blocks; });
    int64_t channels = kStemChannels, done = 0;
    for (size_t k = 0; k < kStages.size(); ++k) {
      const Stage& stage = kStages[k];
      nn::Sequential blocks;
      for (int64_t block = 0; block < stage.blocks; ++block) {
        blocks->push_back(EfficientNetBlock(stage, channels, block == 0 ? stage.stride : 1,
                                            drop_path_rate(drop_path, done++, all_blocks)));
        channels = stage.channels;
      }
      stages_.emplace_back(all->register_module(std::to_string(k), blocks));
    }
    last_ = ConvNorm(this, "conv_head", "bn2", conv1x1(channels, kFeatures), kEpsilon);
    initialise(*this);
  }

  torch::Tensor maps(const torch::Tensor& image) override {
    torch::Tensor output = silu_in_place(stem_(padded(image, 2)));
    for (nn::Sequential& stage : stages_) output = stage->forward(output);
    return silu_in_place(last_(output));
  }

  void fold_batch_norm() override {
    stem_.fold();
    last_.fold();
  }

 private:
  ConvNorm stem_;
  std::vector<nn::Sequential> stages_;
  ConvNorm last_;
};

}  // namespace

std::shared_ptr<Backbone> make_efficientnetv2_s(const BackboneOptions& options) {
  return std::make_shared<EfficientNetV2S>(options.in_channels, options.drop_path);
}

}  // namespace lumbargrade
