#include "levels/locator_network.h"

#include <cstring>
#include <opencv2/imgproc.hpp>

#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

int64_t padded(int64_t length, int64_t stride) {
  return (length + stride - 1) / stride * stride;
}

/// Copies one H x W plane, cut to `size`.
cv::Mat1f to_mat(const torch::Tensor& plane, cv::Size size) {
  const torch::Tensor cut = plane.narrow(0, 0, size.height).narrow(1, 0, size.width).contiguous();
  cv::Mat1f mat(size);
  std::memcpy(mat.data, cut.data_ptr<float>(), sizeof(float) * static_cast<size_t>(cut.numel()));
  return mat;
}

}  // namespace

torch::Tensor network_input(const cv::Mat1f& pixels, int64_t stride) {
  const cv::Mat1f input = normalised(pixels);
  double minimum = 0;
  cv::minMaxLoc(input, &minimum);
  torch::Tensor tensor = torch::empty({1, padded(input.rows, stride), padded(input.cols, stride)});
  cv::Mat1f plane(static_cast<int>(tensor.size(1)), static_cast<int>(tensor.size(2)), tensor.data_ptr<float>());
  cv::copyMakeBorder(input, plane, 0, plane.rows - input.rows, 0, plane.cols - input.cols, cv::BORDER_CONSTANT,
                     cv::Scalar(minimum));
  return tensor;
}

LocatorNetwork::LocatorNetwork(UNet network, torch::Device device, torch::ScalarType precision)
    : network_(std::move(network)), device_(device), precision_(precision) {
  network_->prepare_for_inference();
  network_->to(device_, precision_);
}

std::vector<LocatorMaps> LocatorNetwork::predict(const std::vector<SliceImage>& slices) const {
  std::vector<LocatorMaps> maps(slices.size());
  parallel_for(slices.size(), [&](size_t k) { maps[k] = maps_of(slices[k].pixels); });
  return maps;
}

LocatorMaps LocatorNetwork::maps_of(const cv::Mat1f& pixels) const {
  const torch::InferenceMode inference;
  const torch::Tensor input = network_input(pixels, network_->stride()).unsqueeze(0);
  const UNetOutput output = network_->forward(input.to(device_, precision_));
  const torch::Tensor fine = torch::softmax(output.fine.to(torch::kFloat32), 1).to(torch::kCPU)[0];
  const torch::Tensor coarse = torch::sigmoid(output.coarse.to(torch::kFloat32)).to(torch::kCPU)[0];
  const cv::Size size = pixels.size();
  const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
  return {to_mat(fine[1], size),   to_mat(fine[2], size),   to_mat(fine[3], size),
          to_mat(coarse[0], half), to_mat(coarse[1], half), to_mat(coarse[2], half)};
}

}  // namespace lumbargrade
