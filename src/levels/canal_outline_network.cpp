#include "levels/canal_outline_network.h"

#include <cstring>

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

std::vector<cv::Mat1f> CanalOutlineNetwork::predict(const std::vector<OutlineInput>& inputs) const {
  std::vector<cv::Mat1f> maps(inputs.size());
  parallel_for(inputs.size(), [&](size_t k) {
    const torch::InferenceMode inference;
    const torch::Tensor logits = network_.logits(outline_tensor(inputs[k]).unsqueeze(0));
    const torch::Tensor canal = torch::sigmoid(split_logits(logits, network_.options()).fine[0][0]).contiguous();
    maps[k].create(static_cast<int>(canal.size(0)), static_cast<int>(canal.size(1)));
    std::memcpy(maps[k].data, canal.data_ptr<float>(), sizeof(float) * maps[k].total());
  });
  return maps;
}

}  // namespace lumbargrade
