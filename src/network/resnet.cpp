#include <torch/nn/init.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <numeric>

#include "network/backbone.h"
#include "network/conv_norm.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

nn::Conv2dOptions conv3x3(int64_t in_channels, int64_t out_channels, int64_t stride) {
  return nn::Conv2dOptions(in_channels, out_channels, 3).stride(stride).padding(1);
}

/// Two 3 x 3 convolutions beside a shortcut (He 2016). `average_downsample`: see ResNetOptions.
class BasicBlockImpl : public nn::Module, public Foldable {
 public:
  BasicBlockImpl(int64_t in_channels, int64_t channels, int64_t stride, bool average_downsample, double drop_path)
      : first_(this, "conv1", "bn1", conv3x3(in_channels, channels, stride)),
        second_(this, "conv2", "bn2", conv3x3(channels, channels, 1)),
        average_(average_downsample && stride > 1),
        drop_path_(drop_path) {
    // Every block starts as its shortcut alone (Goyal 2017).
    nn::init::zeros_(second_.norm()->weight);
    if (stride == 1 && in_channels == channels) return;
    downsample_group_ = register_module("downsample", Group());
    const std::string first_index = average_downsample ? "1" : "0";
    const std::string second_index = average_downsample ? "2" : "1";
    downsample_ = ConvNorm(downsample_group_.get(), first_index, second_index,
                           nn::Conv2dOptions(in_channels, channels, 1).stride(average_ ? 1 : stride));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor output = with_dropped_paths(second_(first_(input).relu_()), drop_path_, is_training());
    output += shortcut(input);
    return output.relu_();
  }

  void fold_batch_norm() override {
    first_.fold();
    second_.fold();
    downsample_.fold();
  }

 private:
  torch::Tensor shortcut(const torch::Tensor& input) {
    if (!downsample_.exists()) return input;
    if (!average_) return downsample_(input);
    return downsample_(torch::avg_pool2d(input, 2, 2, 0, /*ceil_mode=*/true, /*count_include_pad=*/false));
  }

  ConvNorm first_;
  ConvNorm second_;
  Group downsample_group_{nullptr};
  ConvNorm downsample_;  // absent where the shape stays
  bool average_;
  double drop_path_;
};
TORCH_MODULE(BasicBlock);

class ResNet : public Backbone, public Foldable {
 public:
  ResNet(const ResNetOptions& shape, int64_t in_channels, double drop_path) : Backbone(shape.widths.back()) {
    TORCH_CHECK(shape.widths.size() == shape.blocks.size(), "a ResNet needs one width for each number of blocks");
    add_stem(shape, in_channels);
    const int64_t all = std::accumulate(shape.blocks.begin(), shape.blocks.end(), int64_t{0});
    int64_t channels = shape.widths.front(), done = 0;
    for (size_t stage = 0; stage < shape.widths.size(); ++stage) {
      nn::Sequential blocks;
      for (int64_t block = 0; block < shape.blocks[stage]; ++block) {
        const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
        blocks->push_back(BasicBlock(channels, shape.widths[stage], stride, shape.average_downsample,
                                     drop_path_rate(drop_path, done++, all)));
        channels = shape.widths[stage];
      }
      stages_.emplace_back(register_module("layer" + std::to_string(stage + 1), blocks));
    }
    for (const auto& module : modules(false)) {
      if (auto* convolution = module->as<nn::Conv2d>()) {
        nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
      }
    }
  }

  torch::Tensor maps(const torch::Tensor& image) override {
    torch::Tensor output = image;
    for (ConvNorm& step : stem_) output = step(output).relu_();
    output = torch::max_pool2d(output, 3, 2, 1);
    for (nn::Sequential& stage : stages_) output = stage->forward(output);
    return output;
  }

  void fold_batch_norm() override {
    for (ConvNorm& step : stem_) step.fold();
  }

 private:
  void add_stem(const ResNetOptions& shape, int64_t in_channels) {
    const int64_t width = shape.widths.front();
    if (!shape.deep_stem) {
      stem_.emplace_back(this, "conv1", "bn1", nn::Conv2dOptions(in_channels, width, 7).stride(2).padding(3));
      return;
    }
    deep_stem_ = register_module("conv1", Group());
    stem_.emplace_back(deep_stem_.get(), "0", "1", conv3x3(in_channels, width / 2, 2));
    stem_.emplace_back(deep_stem_.get(), "3", "4", conv3x3(width / 2, width / 2, 1));
    stem_.emplace_back(ChildName{deep_stem_.get(), "6"}, ChildName{this, "bn1"}, conv3x3(width / 2, width, 1));
  }

  Group deep_stem_{nullptr};
  std::vector<ConvNorm> stem_;
  std::vector<nn::Sequential> stages_;
};

}  // namespace

std::shared_ptr<Backbone> make_resnet(const ResNetOptions& shape, const BackboneOptions& options) {
  return std::make_shared<ResNet>(shape, options.in_channels, options.drop_path);
}

}  // namespace lumbargrade
