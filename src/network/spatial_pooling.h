#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>

namespace lumbargrade {

/// How the positions of a slice's features become one vector.
enum class SpatialPoolingKind {
  Mean,
  GeneralisedMean,  ///< of powers, with a learned exponent (Radenovic 2018)
  HeatMap           ///< weighted by a learned map
};

/// The positions of a feature map as one vector.
class SpatialPooling : public torch::nn::Module {
 public:
  /// N x F x positions in two or three dimensions to N x F.
  virtual torch::Tensor forward(const torch::Tensor& maps) = 0;
};

std::shared_ptr<SpatialPooling> make_spatial_pooling(SpatialPoolingKind kind, int64_t features);

/// Leaves out the branch of a residual block for a share of the samples, and makes up for it in the others (stochastic
/// depth, Huang 2016). Does nothing outside training.
torch::Tensor with_dropped_paths(const torch::Tensor& branch, double rate, bool training);

/// The rate of block `block` of `blocks`: from 0 at the first to `rate` at the last, as in timm.
double drop_path_rate(double rate, int64_t block, int64_t blocks);

}  // namespace lumbargrade
