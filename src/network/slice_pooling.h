#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <memory>

namespace lumbargrade {

/// How the slices of a crop become one vector.
enum class PoolingKind {
  Mean,           ///< over the valid slices
  Attention,      ///< weights by a small network per slice (Ilse 2018)
  LstmAttention,  ///< a bidirectional LSTM along the slices, then attention
  Transformer,    ///< slices attend to each other, then attention
  GruAttention    ///< a bidirectional GRU along the slices, then attention
};

/// The features of a crop's slices as one vector.
struct PooledSlices {
  torch::Tensor features;  ///< N x F'
  torch::Tensor weights;   ///< N x S: what each slice counts; sums to 1 over the valid slices, 0 where there are none
};

/// Pools over the slices of a crop. Slices that are not valid change nothing, whatever they hold; a crop without any
/// valid slice gives zeros.
class SlicePooling : public torch::nn::Module {
 public:
  explicit SlicePooling(int64_t features) : features_(features) {}
  /// `features` N x S x F; `valid` N x S bool.
  virtual PooledSlices forward(const torch::Tensor& features, const torch::Tensor& valid) = 0;
  /// F', the length of what comes out.
  int64_t features() const { return features_; }

 private:
  int64_t features_;
};

/// Pooling of slices with `in_features` each. `hidden` is the length of the vectors inside (attention, both directions
/// of the LSTM together, transformer).
std::shared_ptr<SlicePooling> make_slice_pooling(PoolingKind kind, int64_t in_features, int64_t hidden, double dropout);

}  // namespace lumbargrade
