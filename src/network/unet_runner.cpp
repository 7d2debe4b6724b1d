#include "network/unet_runner.h"

#include <utility>

#include "network/conv_norm.h"

namespace lumbargrade {

UNetRunner::UNetRunner(UNet network, torch::Device device, torch::ScalarType precision, LayerObserver observe)
    : options_(network->options()),
      network_(std::move(network)),
      device_(device),
      precision_(precision),
      observe_(std::move(observe)) {
  prepare_for_inference(*network_);
  network_->to(device_, precision_);
}

UNetRunner::UNetRunner(std::shared_ptr<const Int8UNet> network, UNetOptions options)
    : options_(std::move(options)), int8_(std::move(network)) {}

torch::Tensor UNetRunner::logits(const torch::Tensor& input) const {
  const torch::InferenceMode inference;
  if (int8_) return int8_->logits(input);
  return network_->logits(input.to(device_, precision_), observe_).to(torch::kCPU, torch::kFloat32);
}

}  // namespace lumbargrade
