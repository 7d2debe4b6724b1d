#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "network/backbone.h"
#include "network/conv_norm.h"
#include "network/grader_options.h"
#include "network/safetensors.h"
#include "network/slice_pooling.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {

/// What a grading network says of N findings, or of N regions with a finding for each output.
struct GraderOutput {
  torch::Tensor logits;  ///< N x 3 for each output, one after the other: normal or mild, moderate, severe
  /// In training, where options().auxiliary is above 0: N x A x as many, what each of A slices of all views says alone.
  torch::Tensor auxiliary;
  torch::Tensor auxiliary_valid;  ///< N x A, 1 where there is that slice
  TensorMap attention;  ///< by view, N x S: the weight of each slice; sums to 1, or is 0 where the view is missing
};

/// Grades findings from a few slices each (2.5-D): a 2-D backbone looks at every slice, alone or with its neighbours as
/// channels, a pooling joins the slices of a view, the views are joined end to end, and a linear head for each output
/// answers. Or the backbone looks at all slices of a view at once, as channels or as a volume.
///
/// Inputs, by name:
/// - `<view>` N x S x H x W, for every view; S may differ between views;
/// - `<view>.valid` N x S, not 0 where there is a slice; may be absent: all are. Slices that are not valid change
///   nothing, not even the statistics of batch normalisation; a view without valid slices counts as zeros;
class GraderNetworkImpl : public torch::nn::Module {
 public:
  explicit GraderNetworkImpl(GraderNetworkOptions options);

  /// Throws c10::Error when an input is missing or misshaped.
  GraderOutput forward(const TensorMap& inputs);

  const GraderNetworkOptions& options() const { return options_; }
  /// One, or one for each view.
  const std::vector<std::shared_ptr<Backbone>>& backbones() const { return backbones_; }
  /// For inference: batch normalisation folded into the convolutions, channels last. The state has other names then.
  void prepare_for_inference();

 private:
  /// What the head sees of a finding or region: the pooled views, one after the other.
  int64_t features() const;
  PooledSlices pooled_view(size_t view, const torch::Tensor& slices, const torch::Tensor& valid, GraderOutput& output);
  torch::Tensor features_of(size_t view, const torch::Tensor& images);
  torch::Tensor step_features(size_t view, const torch::Tensor& slices, const torch::Tensor& valid);

  GraderNetworkOptions options_;
  std::vector<std::shared_ptr<Backbone>> backbones_;
  std::vector<std::shared_ptr<SpatialPooling>> spatial_;  // one for each backbone
  std::vector<std::shared_ptr<SlicePooling>> poolings_;   // one for each view
  std::vector<torch::nn::Linear> auxiliary_heads_;        // one for each view, or none
  torch::nn::Linear head_{nullptr};                       // three rows for each output
};
TORCH_MODULE(GraderNetwork);

/// The logits by output, N x 3 each; in training also what slices say alone of each, `<output>.slices` N x A x 3, and
/// the weights of that, `slices.valid` N x A.
TensorMap named_outputs(const GraderOutput& output, const GraderNetworkOptions& options);

}  // namespace lumbargrade
