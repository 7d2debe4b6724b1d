#include "network/conv_norm.h"

namespace lumbargrade {
namespace nn = torch::nn;

void fold_batch_norm_below(nn::Module& module) {
  // The list comes first: folding replaces children.
  const auto below = module.modules(false);
  if (auto* foldable = dynamic_cast<Foldable*>(&module)) foldable->fold_batch_norm();
  for (const auto& child : below) {
    if (auto* foldable = dynamic_cast<Foldable*>(child.get())) foldable->fold_batch_norm();
  }
}

void use_channels_last(nn::Module& module) {
  const torch::NoGradGuard no_gradients;
  for (torch::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

ConvNorm::ConvNorm(ChildName convolution, ChildName norm, nn::Conv2dOptions options, double epsilon)
    : convolution_name_(std::move(convolution)), norm_name_(std::move(norm)), options_(std::move(options)) {
  convolution_ = convolution_name_.owner->register_module(convolution_name_.name, nn::Conv2d(options_.bias(false)));
  norm_ = norm_name_.owner->register_module(
      norm_name_.name, nn::BatchNorm2d(nn::BatchNorm2dOptions(options_.out_channels()).eps(epsilon)));
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
  nn::Conv2d folded(options_.bias(true));
  folded->to(convolution_->weight.device(), convolution_->weight.scalar_type());
  folded->weight.copy_(convolution_->weight.to(torch::kDouble) * scale.reshape({-1, 1, 1, 1}));
  folded->bias.copy_(norm_->bias.to(torch::kDouble) - norm_->running_mean.to(torch::kDouble) * scale);
  folded->eval();
  convolution_ = convolution_name_.owner->replace_module(convolution_name_.name, folded);
  norm_name_.owner->unregister_module(norm_name_.name);
  norm_ = nullptr;
}

}  // namespace lumbargrade
