#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <functional>
#include <string>

#include "network/unet_options.h"

namespace lumbargrade {

/// Logits of one batch.
struct UNetOutput {
  torch::Tensor fine;    ///< N x fine_classes x H x W
  torch::Tensor coarse;  ///< N x coarse_maps x H/2 x W/2
};

/// Classes at the input's resolution and coarse maps of what UNetImpl::logits gives.
UNetOutput split_logits(const torch::Tensor& logits, const UNetOptions& options);

/// Called with a layer's name and the values that it gives to the next one: "input", "encoder.0.0" ..., "reduce.0" ...,
/// "decoder.0" ...
using LayerObserver = std::function<void(const std::string& layer, const torch::Tensor& values)>;

/// 2-D U-Net (Ronneberger 2015) whose first level works at half the input's resolution: a pixel-unshuffle brings the
/// 2 x 2 neighbours in as channels and a pixel-shuffle takes the classes back out, so that edges are placed at full
/// resolution for the price of a half-resolution network (Shi 2016, sub-pixel convolution).
///
/// Input N x in_channels x H x W, with H and W multiples of `stride()`.
class UNetImpl : public torch::nn::Module {
 public:
  explicit UNetImpl(UNetOptions options);
  UNetOutput forward(const torch::Tensor& input) { return split_logits(logits(input), options_); }

  /// What the head gives: N x (4 fine_classes + coarse_maps) x H/2 x W/2. Channel 4 c + 2 i + j is class c of the pixel
  /// in row 2 y + i and column 2 x + j. `observe` sees every layer's values, where it is given.
  torch::Tensor logits(const torch::Tensor& input, const LayerObserver& observe = {});

  int64_t stride() const { return options_.stride(); }
  const UNetOptions& options() const { return options_; }

 private:
  UNetOptions options_;
  torch::nn::ModuleList encoder_;
  torch::nn::ModuleList reduce_;
  torch::nn::ModuleList decoder_;
  torch::nn::Conv2d head_{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace lumbargrade
