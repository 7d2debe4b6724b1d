#include <torch/nn/init.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <numeric>

#include "network/backbone.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

nn::Conv3dOptions conv3x3x3(int64_t in_channels, int64_t out_channels, torch::ExpandingArray<3> stride) {
  return nn::Conv3dOptions(in_channels, out_channels, 3).stride(stride).padding(1).bias(false);
}

/// Two 3 x 3 x 3 convolutions beside a shortcut (Hara 2018); slices keep their number in the first half of the network,
/// where they are farther apart than pixels.
class VolumeBlockImpl : public nn::Module {
 public:
  VolumeBlockImpl(int64_t in_channels, int64_t channels, torch::ExpandingArray<3> stride, double drop_path)
      : first_(register_module("conv1", nn::Conv3d(conv3x3x3(in_channels, channels, stride)))),
        second_(register_module("conv2", nn::Conv3d(conv3x3x3(channels, channels, 1)))),
        first_norm_(register_module("bn1", nn::BatchNorm3d(channels))),
        second_norm_(register_module("bn2", nn::BatchNorm3d(channels))),
        drop_path_(drop_path) {
    nn::init::zeros_(second_norm_->weight);  // every block starts as its shortcut alone (Goyal 2017)
    const bool same_shape = in_channels == channels && stride->at(0) == 1 && stride->at(1) == 1;
    if (same_shape) return;
    shortcut_ =
        register_module("shortcut", nn::Conv3d(nn::Conv3dOptions(in_channels, channels, 1).stride(stride).bias(false)));
    shortcut_norm_ = register_module("shortcut_bn", nn::BatchNorm3d(channels));
  }

  torch::Tensor forward(const torch::Tensor& input) {
    torch::Tensor output = torch::relu(first_norm_->forward(first_->forward(input)));
    output = with_dropped_paths(second_norm_->forward(second_->forward(output)), drop_path_, is_training());
    return torch::relu(output + (shortcut_ ? shortcut_norm_->forward(shortcut_->forward(input)) : input));
  }

 private:
  nn::Conv3d first_{nullptr}, second_{nullptr}, shortcut_{nullptr};
  nn::BatchNorm3d first_norm_{nullptr}, second_norm_{nullptr}, shortcut_norm_{nullptr};
  double drop_path_;
};
TORCH_MODULE(VolumeBlock);

class ResNet3d : public Backbone {
 public:
  explicit ResNet3d(const BackboneOptions& options) : Backbone(options.resnet.widths.back()) {
    const auto& [widths, blocks, deep_stem, average_downsample] = options.resnet;
    stem_ = register_module("conv1", nn::Conv3d(nn::Conv3dOptions(options.in_channels, widths.front(), {3, 7, 7})
                                                    .stride({1, 2, 2})
                                                    .padding({1, 3, 3})
                                                    .bias(false)));
    stem_norm_ = register_module("bn1", nn::BatchNorm3d(widths.front()));
    const int64_t all = std::accumulate(blocks.begin(), blocks.end(), int64_t{0});
    int64_t channels = widths.front(), done = 0;
    for (size_t stage = 0; stage < widths.size(); ++stage) {
      nn::Sequential made;
      const int64_t across = 2 * stage < widths.size() ? 1 : 2;
      for (int64_t block = 0; block < blocks[stage]; ++block) {
        const bool strided = stage > 0 && block == 0;
        const torch::ExpandingArray<3> stride =
            strided ? torch::ExpandingArray<3>({across, 2, 2}) : torch::ExpandingArray<3>(1);
        made->push_back(VolumeBlock(channels, widths[stage], stride, drop_path_rate(options.drop_path, done++, all)));
        channels = widths[stage];
      }
      stages_.emplace_back(register_module("layer" + std::to_string(stage + 1), made));
    }
    for (const auto& module : modules(false)) {
      if (auto* convolution = module->as<nn::Conv3d>()) {
        nn::init::kaiming_normal_(convolution->weight, 0, torch::kFanOut, torch::kReLU);
      }
    }
  }

  torch::Tensor maps(const torch::Tensor& volume) override {
    torch::Tensor output = torch::relu(stem_norm_->forward(stem_->forward(volume)));
    output = torch::max_pool3d(output, {1, 3, 3}, {1, 2, 2}, {0, 1, 1});
    for (nn::Sequential& stage : stages_) output = stage->forward(output);
    return output;
  }

 private:
  nn::Conv3d stem_{nullptr};
  nn::BatchNorm3d stem_norm_{nullptr};
  std::vector<nn::Sequential> stages_;
};

}  // namespace

std::shared_ptr<Backbone> make_resnet3d(const BackboneOptions& options) {
  return std::make_shared<ResNet3d>(options);
}

}  // namespace lumbargrade
