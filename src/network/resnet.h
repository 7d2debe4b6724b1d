#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include "network/backbone.h"
#include "network/conv_norm.h"

namespace lumbargrade {

/// Two 3 x 3 convolutions beside a shortcut (He 2016). `average_downsample`: see ResNetOptions.
class BasicBlockImpl : public torch::nn::Module, public Foldable {
 public:
  BasicBlockImpl(int64_t in_channels, int64_t channels, int64_t stride, bool average_downsample, double drop_path);
  torch::Tensor forward(const torch::Tensor& input);
  void fold_batch_norm() override;

 private:
  torch::Tensor shortcut(const torch::Tensor& input);

  ConvNorm first_;
  ConvNorm second_;
  Group downsample_group_{nullptr};
  ConvNorm downsample_;  // absent where the shape stays
  bool average_;
  double drop_path_;
};
TORCH_MODULE(BasicBlock);

/// Residual network (He 2016), with the stem and shortcuts of ResNet-D (He 2019) where the options ask for them.
class ResNet : public Backbone, public Foldable {
 public:
  ResNet(const ResNetOptions& options, int64_t in_channels, double drop_path);
  torch::Tensor maps(const torch::Tensor& image) override;
  int64_t features() const override { return features_; }
  void fold_batch_norm() override;

 private:
  void add_stem(const ResNetOptions& options, int64_t in_channels);

  Group deep_stem_{nullptr};
  std::vector<ConvNorm> stem_;
  std::vector<torch::nn::Sequential> stages_;
  int64_t features_;
};

}  // namespace lumbargrade
