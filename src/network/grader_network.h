#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "network/backbone.h"
#include "network/safetensors.h"
#include "network/slice_pooling.h"
#include "network/spatial_pooling.h"

namespace lumbargrade {

/// How the slices of a crop come to the backbone.
enum class SlicesAs {
  Sequence,  ///< one by one, then pooled
  Channels,  ///< together, as the channels of one image
  Volume     ///< together, as a volume
};

/// Shape of a grading network.
struct GraderNetworkOptions {
  BackboneOptions backbone;
  bool shared_backbone = true;                   ///< one backbone for all views, else one each
  std::vector<std::string> views;                ///< names of the inputs, in the order of fusion
  std::vector<std::string> outputs = {"grade"};  ///< three logits each, by a head of its own over what all views show
  PoolingKind pooling = PoolingKind::Attention;
  SpatialPoolingKind spatial_pooling = SpatialPoolingKind::Mean;
  SlicesAs slices_as = SlicesAs::Sequence;
  std::int64_t slices = 0;      ///< of every view, where they come as channels
  std::int64_t neighbours = 0;  ///< of a sequence: so many slices on either side come with each as channels
  /// In training slices are looked at so many at a time, and what the backbone computed is not kept for the backward
  /// pass but computed again; 0: all at once, kept.
  std::int64_t recompute_slices = 0;
  double auxiliary = 0;       ///< weight of the loss of what each slice says alone; 0: it says nothing
  std::int64_t hidden = 256;  ///< length of the vectors inside the pooling
  double dropout = 0.2;       ///< before the head, and inside the LSTM and the transformer
};

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
///   nothing, not even the statistics of batch normalisation; a view without valid slices counts as zeros.
class GraderNetworkImpl : public torch::nn::Module {
 public:
  explicit GraderNetworkImpl(GraderNetworkOptions options);

  /// Throws c10::Error when an input is missing or misshaped.
  GraderOutput forward(const TensorMap& inputs);

  const GraderNetworkOptions& options() const { return options_; }
  /// One, or one for each view.
  const std::vector<std::shared_ptr<Backbone>>& backbones() const { return backbones_; }

 private:
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
