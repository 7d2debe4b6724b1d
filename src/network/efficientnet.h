#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "network/backbone.h"
#include "network/conv_norm.h"

namespace lumbargrade {

/// One block of EfficientNetV2.
struct EfficientNetBlockOptions {
  enum class Kind {
    Plain,    ///< 3 x 3
    Fused,    ///< 3 x 3 that expands, 1 x 1 back
    Inverted  ///< 1 x 1 that expands, depthwise 3 x 3, squeeze and excitation, 1 x 1 back
  };
  Kind kind;
  int64_t in_channels;
  int64_t out_channels;
  int64_t stride;
  int64_t expansion;
};

/// Scales channels by what is seen of them in the whole image (Hu 2018).
class SqueezeExciteImpl : public torch::nn::Module {
 public:
  SqueezeExciteImpl(int64_t channels, int64_t squeezed);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::nn::Conv2d reduce_{nullptr};
  torch::nn::Conv2d expand_{nullptr};
};
TORCH_MODULE(SqueezeExcite);

class EfficientNetBlockImpl : public torch::nn::Module, public Foldable {
 public:
  EfficientNetBlockImpl(const EfficientNetBlockOptions& options, double drop_path);
  torch::Tensor forward(const torch::Tensor& input);
  void fold_batch_norm() override;

 private:
  torch::Tensor branch(const torch::Tensor& input);

  EfficientNetBlockOptions options_;
  ConvNorm spatial_;  // 3 x 3
  ConvNorm expand_;   // Inverted
  ConvNorm project_;  // Fused and Inverted
  SqueezeExcite squeeze_excite_{nullptr};
  double drop_path_;
};
TORCH_MODULE(EfficientNetBlock);

/// EfficientNetV2-S (Tan 2021) with TensorFlow's padding and epsilon, as the published weights want it: timm's
/// tf_efficientnetv2_s.
class EfficientNetV2S : public Backbone, public Foldable {
 public:
  EfficientNetV2S(int64_t in_channels, double drop_path);
  torch::Tensor maps(const torch::Tensor& image) override;
  int64_t features() const override;
  void fold_batch_norm() override;

 private:
  ConvNorm stem_;
  std::vector<torch::nn::Sequential> stages_;
  ConvNorm last_;
};

}  // namespace lumbargrade
