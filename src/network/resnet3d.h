#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include "network/backbone.h"

namespace lumbargrade {

/// Two 3 x 3 x 3 convolutions beside a shortcut (Hara 2018); slices keep their number in the first half of the network,
/// where they are farther apart than pixels.
class VolumeBlockImpl : public torch::nn::Module {
 public:
  VolumeBlockImpl(int64_t in_channels, int64_t channels, torch::ExpandingArray<3> stride, double drop_path);
  torch::Tensor forward(const torch::Tensor& input);

 private:
  torch::nn::Conv3d first_{nullptr}, second_{nullptr}, shortcut_{nullptr};
  torch::nn::BatchNorm3d first_norm_{nullptr}, second_norm_{nullptr}, shortcut_norm_{nullptr};
  double drop_path_;
};
TORCH_MODULE(VolumeBlock);

/// A residual network over whole volumes: one stage, no slice is looked at alone.
class ResNet3d : public Backbone {
 public:
  explicit ResNet3d(const BackboneOptions& options);
  /// N x in_channels x S x H x W to N x features() x s x h x w.
  torch::Tensor maps(const torch::Tensor& volume) override;
  int64_t features() const override { return features_; }

 private:
  torch::nn::Conv3d stem_{nullptr};
  torch::nn::BatchNorm3d stem_norm_{nullptr};
  std::vector<torch::nn::Sequential> stages_;
  int64_t features_;
};

}  // namespace lumbargrade
