#include "levels/locator_network.h"

#include <opencv2/imgproc.hpp>

#include "network/conv_norm.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

int64_t padded(int64_t length, int64_t stride) {
  return (length + stride - 1) / stride * stride;
}

/// Copies the upper left part of one H x W plane that `mat` has room for.
void copy_part(const torch::Tensor& plane, cv::Mat1f& mat) {
  const torch::Tensor rows = plane.contiguous();
  const cv::Mat1f all(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), rows.data_ptr<float>());
  all(cv::Rect(cv::Point(), mat.size())).copyTo(mat);
}

/// Room for the maps of a slice.
LocatorMaps empty_maps(cv::Size size) {
  const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
  return {cv::Mat1f(size), cv::Mat1f(size), cv::Mat1f(size), cv::Mat1f(half), cv::Mat1f(half), cv::Mat1f(half)};
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
  prepare_for_inference(*network_);
  network_->to(device_, precision_);
}

std::vector<LocatorMaps> LocatorNetwork::predict(const std::vector<SliceImage>& slices) const {
  std::vector<LocatorMaps> maps;
  // What stays is allocated before what the passes need and free again: in between it would leave holes.
  for (const SliceImage& slice : slices) maps.push_back(empty_maps(slice.pixels.size()));
  parallel_for(slices.size(), [&](size_t k) {
    const torch::InferenceMode inference;
    const torch::Tensor input = network_input(slices[k].pixels, network_->stride()).unsqueeze(0);
    const UNetOutput output = network_->forward(input.to(device_, precision_));
    const torch::Tensor fine = torch::softmax(output.fine.to(torch::kFloat32), 1).to(torch::kCPU)[0];
    const torch::Tensor coarse = torch::sigmoid(output.coarse.to(torch::kFloat32)).to(torch::kCPU)[0];
    copy_part(fine[1], maps[k].disc);
    copy_part(fine[2], maps[k].vertebra);
    copy_part(fine[3], maps[k].canal);
    copy_part(coarse[0], maps[k].l5s1);
    copy_part(coarse[1], maps[k].s1);
    copy_part(coarse[2], maps[k].centre);
  });
  return maps;
}

}  // namespace lumbargrade
