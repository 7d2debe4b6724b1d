#include "levels/locator_network.h"

#include <algorithm>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

constexpr size_t kSlicesPerBatch = 4;

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
  torch::Tensor tensor = torch::full({1, padded(input.rows, stride), padded(input.cols, stride)}, minimum,
                                     torch::TensorOptions().dtype(torch::kFloat32));
  tensor[0]
      .narrow(0, 0, input.rows)
      .narrow(1, 0, input.cols)
      .copy_(torch::from_blob(input.data, {input.rows, input.cols}, torch::kFloat32));
  return tensor;
}

LocatorNetwork::LocatorNetwork(UNet network, torch::Device device, torch::ScalarType precision)
    : network_(std::move(network)), device_(device), precision_(precision) {
  network_->eval();
  network_->fold_batch_norm();
  network_->to(device_, precision_);
}

std::vector<LocatorMaps> LocatorNetwork::predict(const std::vector<SliceImage>& slices) const {
  std::vector<LocatorMaps> maps;
  for (size_t first = 0; first < slices.size(); first += kSlicesPerBatch) {
    auto batch = predict_batch(slices.data() + first, std::min(kSlicesPerBatch, slices.size() - first));
    std::move(batch.begin(), batch.end(), std::back_inserter(maps));
  }
  return maps;
}

std::vector<LocatorMaps> LocatorNetwork::predict_batch(const SliceImage* slices, size_t count) const {
  torch::InferenceMode inference;
  std::vector<torch::Tensor> inputs;
  for (size_t k = 0; k < count; ++k) inputs.push_back(network_input(slices[k].pixels, network_->stride()));
  const UNetOutput output = network_->forward(torch::stack(inputs).to(device_, precision_));
  const torch::Tensor fine = torch::softmax(output.fine.to(torch::kFloat32), 1).to(torch::kCPU);
  const torch::Tensor coarse = torch::sigmoid(output.coarse.to(torch::kFloat32)).to(torch::kCPU);

  std::vector<LocatorMaps> maps;
  for (size_t k = 0; k < count; ++k) {
    const auto index = static_cast<int64_t>(k);
    const cv::Size size = slices[k].pixels.size();
    const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
    maps.push_back({to_mat(fine[index][1], size), to_mat(fine[index][2], size), to_mat(fine[index][3], size),
                    to_mat(coarse[index][0], half), to_mat(coarse[index][1], half), to_mat(coarse[index][2], half)});
  }
  return maps;
}

}  // namespace lumbargrade
