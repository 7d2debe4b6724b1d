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

/// Stacks crops; absent ones become zeros without a valid slice. At least one must be there.
CropBatch stacked(const std::vector<std::optional<Crop>>& crops);

/// The one normalisation of training and inference: every crop, N x S x H x W of any type, to mean 0 and SD 1 over its
/// valid slices; invalid slices become 0. Crops of one grey value become 0.
torch::Tensor normalised(const torch::Tensor& pixels, const torch::Tensor& valid);

/// The same as `normalisation` says: as `normalised`, or by its fixed scale, where invalid slices become 0 too.
torch::Tensor scaled(const torch::Tensor& pixels, const torch::Tensor& valid, const NormalisationSpec& normalisation);

/// Adds the view's two inputs, `<name>` and `<name>.valid`, on `device`.
void add_view(TensorMap& inputs, const std::string& name, const CropBatch& batch, const torch::Device& device,
              const NormalisationSpec& normalisation = {});

}  // namespace lumbargrade
