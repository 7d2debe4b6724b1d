#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <vector>

#include "network/unet.h"

namespace lumbargrade {

/// Says of every place of a crop how likely it is the point that is sought: a U-Net that sees each slice with the two
/// beside it, and where in the crop it looks, so that it learns how far points lie from the middle.
class PointNetworkImpl : public torch::nn::Module {
 public:
  /// `widths`: channels by level of the U-Net, finest first.
  explicit PointNetworkImpl(const std::vector<int64_t>& widths);

  /// `crop` N x S x H x W, normalised, H and W multiples of stride(); `valid` N x S, 0 where the data have no slice,
  /// may be undefined. Returns logits N x 1 x S x H x W, so low where there is no slice that no softmax sees them.
  torch::Tensor forward(const torch::Tensor& crop, const torch::Tensor& valid);

  int64_t stride() const { return unet_->stride(); }

 private:
  UNet unet_{nullptr};
};
TORCH_MODULE(PointNetwork);

}  // namespace lumbargrade
