#pragma once

#include <vector>

#include "levels/canal_outline.h"
#include "network/unet.h"

namespace lumbargrade {

/// The network that outlines the canal, ready for inference.
class CanalOutlineNetwork {
 public:
  /// Takes the network over and prepares it for inference.
  CanalOutlineNetwork(UNet network, torch::Device device, torch::ScalarType precision = torch::kFloat32);

  /// Probability of canal for each input; its size must be a multiple of multiple_of().
  std::vector<cv::Mat1f> predict(const std::vector<OutlineInput>& inputs) const;

  int multiple_of() const { return static_cast<int>(network_->stride()); }

 private:
  mutable UNet network_;
  torch::Device device_;
  torch::ScalarType precision_;
};

/// kOutlineChannels x H x W.
torch::Tensor outline_tensor(const OutlineInput& input);

}  // namespace lumbargrade
