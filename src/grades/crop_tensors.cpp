#include "grades/crop_tensors.h"

#include <cstring>

namespace lumbargrade {
namespace {

constexpr double kWhite = 255;

torch::Tensor normalised(const torch::Tensor& pixels, const torch::Tensor& valid) {
  const torch::Tensor values = pixels.to(torch::kFloat32);
  const torch::Tensor mask = valid.to(torch::kFloat32).unsqueeze(-1).unsqueeze(-1);
  const auto per_slice = static_cast<double>(values.size(2) * values.size(3));
  const std::vector<std::int64_t> over = {1, 2, 3};
  const torch::Tensor count = (mask.sum(over, true) * per_slice).clamp_min(1);
  // To multiply by ones changes nothing and costs two passes over everything. On a GPU, to ask costs more.
  const bool complete = valid.is_cpu() && valid.all().item<bool>();
  const auto masked = [&](const torch::Tensor& tensor) { return complete ? tensor : tensor * mask; };
  torch::Tensor centred = masked(values - masked(values).sum(over, true) / count);
  const torch::Tensor deviation = (centred.square().sum(over, true) / count).sqrt();
  return centred.div_(deviation.clamp_min(1e-3));
}

torch::Tensor scaled(const torch::Tensor& pixels, const torch::Tensor& valid, const NormalisationSpec& normalisation) {
  if (!normalisation.scale) return normalised(pixels, valid);
  const torch::Tensor mask = valid.to(torch::kFloat32).unsqueeze(-1).unsqueeze(-1);
  return (pixels.to(torch::kFloat32) / kWhite - normalisation.scale->mean) / normalisation.scale->deviation * mask;
}

}  // namespace

CropBatch stacked(const std::vector<std::optional<Crop>>& crops, const View& view) {
  const std::int64_t slices = view.slices, size = view.size_px;
  const auto count = static_cast<std::int64_t>(crops.size());
  CropBatch batch{torch::zeros({count, slices, size, size}, torch::kUInt8), torch::zeros({count, slices})};
  for (std::int64_t k = 0; k < count; ++k) {
    const auto& crop = crops[static_cast<size_t>(k)];
    if (!crop) continue;
    std::memcpy(batch.pixels[k].data_ptr<std::uint8_t>(), crop->pixels.data(), crop->pixels.size());
    for (std::int64_t slice = 0; slice < slices; ++slice) {
      batch.valid[k][slice] = static_cast<float>(crop->slice_valid[static_cast<size_t>(slice)]);
    }
  }
  return batch;
}

void add_view(TensorMap& inputs, const std::string& name, const CropBatch& batch, const torch::Device& device,
              const NormalisationSpec& normalisation) {
  const torch::Tensor valid = batch.valid.to(device);
  inputs[name] = scaled(batch.pixels.to(device), valid, normalisation);
  inputs[name + ".valid"] = valid;
}

}  // namespace lumbargrade
