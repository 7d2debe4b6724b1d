#include "network/conv_norm.h"

#include <torch/utils.h>

namespace lumbargrade {
namespace nn = torch::nn;

void fold_batch_norm_below(nn::Module& module) {
  // The list comes first: folding replaces children.
  for (const auto& each : module.modules()) {
    if (auto* foldable = dynamic_cast<Foldable*>(each.get())) foldable->fold_batch_norm();
  }
}

void use_channels_last(nn::Module& module) {
  const torch::NoGradGuard no_gradients;
  for (torch::Tensor& parameter : module.parameters()) {
    // Not contiguous(), which leaves a single input channel as it is: its convolution would answer in its input's
    // layout.
    if (parameter.dim() == 4) parameter.set_data(parameter.clone(at::MemoryFormat::ChannelsLast));
  }
}

void prepare_for_inference(nn::Module& module) {
  module.eval();
  fold_batch_norm_below(module);
  use_channels_last(module);
}

ConvNorm::ConvNorm(const ChildName& convolution, ChildName norm, nn::Conv2dOptions options, double epsilon)
    : norm_name_(std::move(norm)),
      convolution_(convolution.owner->register_module(convolution.name, nn::Conv2d(options.bias(false)))) {
  norm_ = norm_name_.owner->register_module(
      norm_name_.name, nn::BatchNorm2d(nn::BatchNorm2dOptions(options.out_channels()).eps(epsilon)));
}

torch::Tensor ConvNorm::operator()(const torch::Tensor& input) {
  const torch::Tensor output = convolution_->forward(input);
  return norm_.is_empty() ? output : norm_->forward(output);
}

void ConvNorm::fold() {
  if (!exists() || norm_.is_empty()) return;
  TORCH_CHECK(!norm_->is_training(), "batch normalisation is folded in evaluation mode only");
  const torch::NoGradGuard no_gradients;
  const torch::Tensor scale =
      norm_->weight.to(torch::kDouble) / torch::sqrt(norm_->running_var.to(torch::kDouble) + norm_->options.eps());
  const torch::Tensor bias = norm_->bias.to(torch::kDouble) - norm_->running_mean.to(torch::kDouble) * scale;
  const torch::Tensor& weight = convolution_->weight;
  weight.set_data(weight * scale.to(weight.scalar_type()).reshape({-1, 1, 1, 1}));
  convolution_->options.bias(true);
  // "bias" is taken: by the one that is not there.
  convolution_->bias = convolution_->register_parameter("folded_bias", bias.to(weight.scalar_type()), false);
  norm_name_.owner->unregister_module(norm_name_.name);
  norm_ = nullptr;
}

}  // namespace lumbargrade
