#pragma once

#include <utility>
#include <vector>

#include "levels/locator_maps.h"
#include "levels/slice_image.h"
#include "network/unet_runner.h"

namespace lumbargrade {

/// The locator's segmentation network, ready for inference.
class LocatorNetwork {
 public:
  explicit LocatorNetwork(UNetRunner network) : network_(std::move(network)) {}

  /// Maps for each slice. Each is looked at by itself: batches need more memory and are no faster on a CPU.
  std::vector<LocatorMaps> predict(const std::vector<SliceImage>& slices) const;

 private:
  UNetRunner network_;
};

/// Rows and columns are padded at the end, to the next multiple of the network's stride, with each slice's minimum:
/// 1 x H x W.
torch::Tensor network_input(const cv::Mat1f& pixels, int64_t stride);

}  // namespace lumbargrade
