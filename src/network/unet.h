#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "network/unet_options.h"

namespace lumbargrade {

/// Logits of one batch.
struct UNetOutput {
  torch::Tensor fine;    ///< N x fine_classes x H x W
  torch::Tensor coarse;  ///< N x coarse_maps x H/2 x W/2
};

/// 2-D U-Net (Ronneberger 2015) whose first level works at half the input's resolution: a pixel-unshuffle brings the
/// 2 x 2 neighbours in as channels and a pixel-shuffle takes the classes back out, so that edges are placed at full
/// resolution for the price of a half-resolution network (Shi 2016, sub-pixel convolution).
///
/// Input N x in_channels x H x W, with H and W multiples of `stride()`.
class UNetImpl : public torch::nn::Module {
 public:
  explicit UNetImpl(UNetOptions options);
  UNetOutput forward(const torch::Tensor& input);

  int64_t stride() const { return options_.stride(); }

 private:
  UNetOptions options_;
  torch::nn::ModuleList encoder_;
  torch::nn::ModuleList reduce_;
  torch::nn::ModuleList decoder_;
  torch::nn::Conv2d head_{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace lumbargrade
