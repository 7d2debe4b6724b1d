#include "network/unet.h"

#include <torch/nn/modules/container/sequential.h>

#include "core/error.h"
#include "network/conv_norm.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

/// 3 x 3 convolution, batch normalisation, ReLU.
class ConvBlockImpl : public nn::Module, public Foldable {
 public:
  ConvBlockImpl(int64_t in_channels, int64_t out_channels)
      : convolution_(this, "conv", "norm", nn::Conv2dOptions(in_channels, out_channels, 3).padding(1)) {}
  torch::Tensor forward(const torch::Tensor& input) { return convolution_(input).relu_(); }
  void fold_batch_norm() override { convolution_.fold(); }

 private:
  ConvNorm convolution_;
};
TORCH_MODULE(ConvBlock);

}  // namespace

UNetImpl::UNetImpl(UNetOptions options) : options_(std::move(options)) {
  const auto& widths = options_.widths;
  TORCH_CHECK(widths.size() >= 2, "a U-Net needs at least two levels");
  int64_t channels = 4 * options_.in_channels;  // unshuffled 2 x 2
  for (const int64_t width : widths) {
    encoder_->push_back(nn::Sequential(ConvBlock(channels, width), ConvBlock(width, width)));
    channels = width;
  }
  for (size_t level = widths.size() - 1; level-- > 0;) {
    reduce_->push_back(nn::Conv2d(nn::Conv2dOptions(channels, widths[level], 1)));
    decoder_->push_back(ConvBlock(2 * widths[level], widths[level]));
    channels = widths[level];
  }
  register_module("encoder", encoder_);
  register_module("reduce", reduce_);
  register_module("decoder", decoder_);
  head_ = register_module("head",
                          nn::Conv2d(nn::Conv2dOptions(channels, 4 * options_.fine_classes + options_.coarse_maps, 1)));
}

torch::Tensor UNetImpl::logits(const torch::Tensor& input, const LayerObserver& observe) {
  const auto seen = [&](const std::string& layer, torch::Tensor values) {
    if (observe) observe(layer, values);
    return values;
  };
  torch::Tensor features = torch::pixel_unshuffle(input, 2);
  if (input.is_contiguous(at::MemoryFormat::ChannelsLast))
    features = features.contiguous(at::MemoryFormat::ChannelsLast);
  seen("input", features);
  std::vector<torch::Tensor> skips;
  for (size_t level = 0; level < encoder_->size(); ++level) {
    if (level > 0) features = torch::max_pool2d(features, 2);
    const auto& blocks = *encoder_[level]->as<nn::Sequential>();
    for (size_t block = 0; block < blocks.size(); ++block) {
      features = seen(text("encoder.", level, ".", block), blocks[block]->as<ConvBlock>()->forward(features));
    }
    skips.push_back(features);
  }
  skips.pop_back();
  for (size_t step = 0; step < decoder_->size(); ++step) {
    features = seen(text("reduce.", step), reduce_[step]->as<nn::Conv2d>()->forward(features));
    features = torch::upsample_nearest2d(features, {skips.back().size(2), skips.back().size(3)});
    features = torch::cat({features, skips.back()}, 1);
    skips.pop_back();  // both parts are freed before the convolution, which is where most memory is taken
    features = seen(text("decoder.", step), decoder_[step]->as<ConvBlock>()->forward(features));
  }
  return head_->forward(features);
}

UNetOutput split_logits(const torch::Tensor& logits, const UNetOptions& options) {
  const int64_t fine_channels = 4 * options.fine_classes;
  return {torch::pixel_shuffle(logits.narrow(1, 0, fine_channels).contiguous(), 2),
          logits.narrow(1, fine_channels, options.coarse_maps)};
}

}  // namespace lumbargrade
