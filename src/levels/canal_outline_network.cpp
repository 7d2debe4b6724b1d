#include "levels/canal_outline_network.h"

#include <cstring>

#include "network/conv_norm.h"
#include "network/parallel_for.h"

namespace lumbargrade {

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
  prepare_for_inference(*network_);
  network_->to(device_, precision_);
}

std::vector<cv::Mat1f> CanalOutlineNetwork::predict(const std::vector<OutlineInput>& inputs) const {
  std::vector<cv::Mat1f> maps(inputs.size());
  parallel_for(inputs.size(), [&](size_t k) {
    const torch::InferenceMode inference;
    const UNetOutput output = network_->forward(outline_tensor(inputs[k]).unsqueeze(0).to(device_, precision_));
    const torch::Tensor canal = torch::sigmoid(output.fine[0][0].to(torch::kFloat32)).to(torch::kCPU).contiguous();
    maps[k].create(static_cast<int>(canal.size(0)), static_cast<int>(canal.size(1)));
    std::memcpy(maps[k].data, canal.data_ptr<float>(), sizeof(float) * maps[k].total());
  });
  return maps;
}

}  // namespace lumbargrade
