#include "levels/canal_outline_network.h"

#include <algorithm>
#include <cstring>

namespace lumbargrade {
namespace {

constexpr size_t kCropsPerBatch = 4;

}  // namespace

torch::Tensor outline_tensor(const OutlineInput& input) {
  const cv::Size size = input.front().size();
  torch::Tensor tensor = torch::empty({kOutlineChannels, size.height, size.width});
  for (int channel = 0; channel < kOutlineChannels; ++channel) {
    const cv::Mat1f plane = input[static_cast<size_t>(channel)].clone();  // continuous
    std::memcpy(tensor[channel].data_ptr<float>(), plane.data, sizeof(float) * plane.total());
  }
  return tensor;
}

CanalOutlineNetwork::CanalOutlineNetwork(UNet network, torch::Device device, torch::ScalarType precision)
    : network_(std::move(network)), device_(device), precision_(precision) {
  network_->eval();
  network_->fold_batch_norm();
  network_->to(device_, precision_);
}

std::vector<cv::Mat1f> CanalOutlineNetwork::predict(const std::vector<OutlineInput>& inputs) const {
  torch::InferenceMode inference;
  std::vector<cv::Mat1f> maps;
  for (size_t first = 0; first < inputs.size(); first += kCropsPerBatch) {
    std::vector<torch::Tensor> batch;
    for (size_t k = first; k < std::min(first + kCropsPerBatch, inputs.size()); ++k) {
      batch.push_back(outline_tensor(inputs[k]));
    }
    const UNetOutput output = network_->forward(torch::stack(batch).to(device_, precision_));
    const torch::Tensor canal =
        torch::sigmoid(output.fine.select(1, 0).to(torch::kFloat32)).to(torch::kCPU).contiguous();
    for (int64_t k = 0; k < canal.size(0); ++k) {
      cv::Mat1f map(static_cast<int>(canal.size(1)), static_cast<int>(canal.size(2)));
      std::memcpy(map.data, canal[k].data_ptr<float>(), sizeof(float) * map.total());
      maps.push_back(std::move(map));
    }
  }
  return maps;
}

}  // namespace lumbargrade
