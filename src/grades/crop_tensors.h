#pragma once

#include <torch/types.h>

#include <optional>
#include <vector>

#include "crops/crop.h"
#include "network/safetensors.h"

namespace lumbargrade {

/// Raw grey values of crops of one size, as networks and augmentation take them.
struct CropBatch {
  torch::Tensor pixels;  ///< N x S x H x W, uint8
  torch::Tensor valid;   ///< N x S, float32: 1 where there is a slice
};

/// Stacks crops of a view, without margin; absent ones become zeros without a valid slice.
CropBatch stacked(const std::vector<std::optional<Crop>>& crops, const View& view);

/// Adds the view's two inputs, `<name>` and `<name>.valid`, on `device`, by the one normalisation of training and
/// inference: every crop to mean 0 and SD 1 over its valid slices (crops of one grey value become 0), or by the fixed
/// scale of `normalisation`; invalid slices become 0.
void add_view(TensorMap& inputs, const std::string& name, const CropBatch& batch, const torch::Device& device,
              const NormalisationSpec& normalisation = {});

}  // namespace lumbargrade
