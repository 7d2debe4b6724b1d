#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "network/backbone_options.h"

namespace lumbargrade {

/// A network for images, or for volumes (kVolumeBackbone), without its classifier. Parameters have the names and shapes
/// of timm's models (timm 1.0, `num_classes=0`), so that weights published for those can be loaded.
class Backbone : public torch::nn::Module {
 public:
  /// N x in_channels x H x W to N x features(): the pooled features that timm's `forward` gives without a classifier.
  torch::Tensor forward(const torch::Tensor& image) { return finished(maps(image).flatten(2).mean(2)); }
  /// The last maps before positions are pooled, N x features() x h x w.
  virtual torch::Tensor maps(const torch::Tensor& image) = 0;
  /// What stands between the pooling of positions and the classifier: N x features() to the same.
  virtual torch::Tensor finished(const torch::Tensor& pooled) { return pooled; }
  virtual int64_t features() const = 0;
};

/// Fresh weights, initialised as timm does. Throws c10::Error for a name that backbone_names() lacks.
std::shared_ptr<Backbone> make_backbone(const BackboneOptions& options);

}  // namespace lumbargrade
