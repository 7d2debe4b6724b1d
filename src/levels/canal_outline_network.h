#pragma once

#include <utility>
#include <vector>

#include "levels/canal_outline.h"
#include "network/unet_runner.h"

namespace lumbargrade {

/// The network that outlines the canal, ready for inference.
class CanalOutlineNetwork {
 public:
  explicit CanalOutlineNetwork(UNetRunner network) : network_(std::move(network)) {}

  /// Probability of canal for each input; its size must be a multiple of multiple_of().
  std::vector<cv::Mat1f> predict(const std::vector<OutlineInput>& inputs) const;

  int multiple_of() const { return static_cast<int>(network_.options().stride()); }

 private:
  UNetRunner network_;
};

/// kOutlineChannels x H x W.
torch::Tensor outline_tensor(const OutlineInput& input);

}  // namespace lumbargrade
