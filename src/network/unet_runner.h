#pragma once

#include <torch/types.h>

#include <memory>

#include "network/int8_unet.h"
#include "network/unet.h"

namespace lumbargrade {

/// A U-Net ready for inference: in floating-point numbers on any device, or in bytes on the CPU.
class UNetRunner {
 public:
  /// Takes the network over and prepares it for inference. `observe` sees every layer's values of every run.
  UNetRunner(UNet network, torch::Device device, torch::ScalarType precision = torch::kFloat32,
             LayerObserver observe = {});
  /// In bytes; `options` is the network's shape.
  UNetRunner(std::shared_ptr<const Int8UNet> network, UNetOptions options);

  /// UNetImpl::logits of an N x C x H x W input in float32: float32 on the CPU.
  torch::Tensor logits(const torch::Tensor& input) const;

  const UNetOptions& options() const { return options_; }

 private:
  UNetOptions options_;
  mutable UNet network_{nullptr};
  torch::Device device_ = torch::kCPU;
  torch::ScalarType precision_ = torch::kFloat32;
  LayerObserver observe_;
  std::shared_ptr<const Int8UNet> int8_;
};

}  // namespace lumbargrade
