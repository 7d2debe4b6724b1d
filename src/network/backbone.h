#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lumbargrade {

/// Shape of a residual network of basic blocks. The defaults are ResNet-18's.
struct ResNetOptions {
  std::vector<std::int64_t> widths = {64, 128, 256, 512};  ///< channels per stage, finest first
  std::vector<std::int64_t> blocks = {2, 2, 2, 2};         ///< per stage
  bool deep_stem = false;           ///< three 3 x 3 convolutions instead of one 7 x 7: the -D variants
  bool average_downsample = false;  ///< a mean over 2 x 2 before each strided shortcut: the -D variants
};

struct ConvNeXtOptions {
  std::vector<std::int64_t> widths;  ///< channels per stage, finest first
  std::vector<std::int64_t> blocks;  ///< per stage
  /// timm keeps the weights of the pointwise layers as 1 x 1 convolutions in the small models, as matrices in the large
  /// ones. They compute the same.
  bool pointwise_convolutions = false;
};

struct BackboneOptions {
  std::string name = "resnet18";  ///< one of backbone_names()
  std::int64_t in_channels = 1;
  ResNetOptions resnet;  ///< read when the name is "resnet" or "resnet3d", which knows no variants
  double drop_path = 0;  ///< share of samples that skip the last block in training; fewer before it
};

/// The backbone whose shape ResNetOptions gives.
inline constexpr const char* kFreeBackbone = "resnet";
/// The same for whole volumes.
inline constexpr const char* kVolumeBackbone = "resnet3d";

/// resnet18, resnet34, resnet18d, resnet34d, convnext_{atto,femto,pico,nano,tiny,small}, tf_efficientnetv2_s as in
/// timm, kFreeBackbone and kVolumeBackbone.
const std::vector<std::string>& backbone_names();

/// A network for images, or for volumes (kVolumeBackbone), without its classifier. Parameters have the names and shapes
/// of timm's models (timm 1.0, `num_classes=0`), so that weights published for those can be loaded.
class Backbone : public torch::nn::Module {
 public:
  explicit Backbone(int64_t features) : features_(features) {}
  /// N x in_channels x H x W to N x features(): the pooled features that timm's `forward` gives without a classifier.
  torch::Tensor forward(const torch::Tensor& image) { return finished(maps(image).flatten(2).mean(2)); }
  /// The last maps before positions are pooled, N x features() x h x w.
  virtual torch::Tensor maps(const torch::Tensor& image) = 0;
  /// What stands between the pooling of positions and the classifier: N x features() to the same.
  virtual torch::Tensor finished(const torch::Tensor& pooled) { return pooled; }
  int64_t features() const { return features_; }

 private:
  int64_t features_;
};

/// Fresh weights, initialised as timm does. Throws c10::Error for a name that backbone_names() lacks.
std::shared_ptr<Backbone> make_backbone(const BackboneOptions& options);

// The families behind the names; of `options` they read in_channels and drop_path.

/// Residual network (He 2016), with the stem and shortcuts of ResNet-D (He 2019) where the shape asks for them.
std::shared_ptr<Backbone> make_resnet(const ResNetOptions& shape, const BackboneOptions& options);
/// A residual network over whole volumes of options.resnet's shape: one stage, no slice is looked at alone. Its maps:
/// N x in_channels x S x H x W to N x features() x s x h x w.
std::shared_ptr<Backbone> make_resnet3d(const BackboneOptions& options);
/// ConvNeXt (Liu 2022). The features are normalised after pooling, as in the published networks.
std::shared_ptr<Backbone> make_convnext(const ConvNeXtOptions& shape, const BackboneOptions& options);
/// EfficientNetV2-S (Tan 2021) with TensorFlow's padding and epsilon, as the published weights want it: timm's
/// tf_efficientnetv2_s.
std::shared_ptr<Backbone> make_efficientnetv2_s(const BackboneOptions& options);

}  // namespace lumbargrade
