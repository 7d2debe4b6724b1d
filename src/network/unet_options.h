#pragma once

#include <cstdint>
#include <vector>

namespace lumbargrade {

/// Shape of a U-Net.
struct UNetOptions {
  std::vector<int64_t> widths = {16, 32, 64, 128, 160, 160};  ///< channels per level, finest first
  int64_t fine_classes = 4;                                   ///< softmax classes, predicted at the input's resolution
  int64_t coarse_maps = 3;  ///< sigmoid maps, predicted at half the input's resolution; may be 0
  int64_t in_channels = 1;

  /// Rows and columns of the input are multiples of it.
  int64_t stride() const { return int64_t{2} << (widths.size() - 1); }
};

}  // namespace lumbargrade
