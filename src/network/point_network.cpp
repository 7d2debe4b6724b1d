#include "network/point_network.h"

namespace lumbargrade {
namespace {

constexpr int64_t kPointChannels = 6;  // three slices, three coordinates
constexpr double kNowhere = -1e4;

/// -1 .. 1 over `count` places.
torch::Tensor along(int64_t count, const torch::TensorOptions& options) {
  return count > 1 ? torch::linspace(-1, 1, count, options) : torch::zeros({1}, options);
}

/// Slices shifted by one; zeros, the mean grey, come in at the end.
torch::Tensor neighbours(const torch::Tensor& crop, int64_t by) {
  const torch::Tensor zeros = torch::zeros_like(crop.narrow(1, 0, 1));
  const int64_t kept = crop.size(1) - 1;
  return by > 0 ? torch::cat({crop.narrow(1, 1, kept), zeros}, 1) : torch::cat({zeros, crop.narrow(1, 0, kept)}, 1);
}

}  // namespace

PointNetworkImpl::PointNetworkImpl(const std::vector<int64_t>& widths) {
  unet_ = register_module("unet", UNet(UNetOptions{widths, 1, 0, kPointChannels}));
}

torch::Tensor PointNetworkImpl::forward(const torch::Tensor& crop, const torch::Tensor& valid) {
  TORCH_CHECK(crop.dim() == 4, "the network's input \"crop\" has ", crop.dim(), " dimensions, it must have 4");
  TORCH_CHECK(crop.size(2) % stride() == 0 && crop.size(3) % stride() == 0, "rows and columns of the input \"crop\" ",
              crop.sizes(), " must be multiples of ", stride());
  const int64_t count = crop.size(0), slices = crop.size(1), rows = crop.size(2), columns = crop.size(3);
  const auto options = crop.options();
  const std::vector<int64_t> shape = {count, slices, rows, columns};
  const torch::Tensor image = torch::stack(
      {neighbours(crop, -1), crop, neighbours(crop, 1), along(slices, options).view({1, slices, 1, 1}).expand(shape),
       along(rows, options).view({1, 1, rows, 1}).expand(shape),
       along(columns, options).view({1, 1, 1, columns}).expand(shape)},
      2);
  const torch::Tensor seen = image.reshape({count * slices, kPointChannels, rows, columns});
  torch::Tensor logits = unet_->forward(seen).fine.reshape({count, 1, slices, rows, columns});
  if (!valid.defined()) return logits;
  TORCH_CHECK(valid.dim() == 2 && valid.size(0) == count && valid.size(1) == slices,
              "the network's input \"crop.valid\" has shape ", valid.sizes(), ", its crop has ", crop.sizes());
  return logits.masked_fill((valid == 0).view({count, 1, slices, 1, 1}), kNowhere);
}

}  // namespace lumbargrade
