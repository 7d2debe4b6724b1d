#include "network/grader_network.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr int64_t kGrades = 3;

const torch::Tensor& input_named(const TensorMap& inputs, const std::string& name, int64_t dimensions) {
  const auto found = inputs.find(name);
  TORCH_CHECK(found != inputs.end(), "the network's input \"", name, "\" is missing");
  TORCH_CHECK(found->second.dim() == dimensions, "the network's input \"", name, "\" has ", found->second.dim(),
              " dimensions, it must have ", dimensions);
  return found->second;
}

/// N x S bool; undefined when all slices are valid because nothing says otherwise.
torch::Tensor validity(const TensorMap& inputs, const std::string& view, const torch::Tensor& slices) {
  const std::string name = view + ".valid";
  if (!inputs.contains(name)) return {};
  const torch::Tensor& valid = input_named(inputs, name, 2);
  TORCH_CHECK(valid.size(0) == slices.size(0) && valid.size(1) == slices.size(1), "the network's input \"", name,
              "\" has shape ", valid.sizes(), ", its view has ", slices.sizes());
  return valid != 0;
}

}  // namespace

GraderNetworkImpl::GraderNetworkImpl(GraderNetworkOptions options) : options_(std::move(options)) {
  TORCH_CHECK(!options_.views.empty(), "a grader needs at least one view");
  if (options_.shared_backbone) {
    backbones_.push_back(register_module("backbone", make_backbone(options_.backbone)));
  }
  Group separate;
  Group poolings;
  for (const std::string& view : options_.views) {
    if (!options_.shared_backbone) {
      backbones_.push_back(separate->register_module(view, make_backbone(options_.backbone)));
    }
    poolings_.push_back(poolings->register_module(
        view, make_slice_pooling(options_.pooling, backbones_.back()->features(), options_.hidden, options_.dropout)));
  }
  if (!options_.shared_backbone) register_module("backbones", separate);
  register_module("pooling", poolings);
  head_ = register_module("head", nn::Linear(features(), kGrades));
}

int64_t GraderNetworkImpl::features() const {
  int64_t sum = 0;
  for (const auto& pooling : poolings_) sum += pooling->features();
  return sum;
}

torch::Tensor GraderNetworkImpl::slice_features(Backbone& backbone, const torch::Tensor& slices,
                                                const torch::Tensor& valid) {
  const torch::Tensor images = slices.reshape({-1, 1, slices.size(2), slices.size(3)});
  torch::Tensor features;
  const torch::Tensor seen = valid.defined() ? valid.reshape(-1).nonzero().reshape(-1) : torch::Tensor();
  if (!seen.defined() || seen.numel() == images.size(0)) {
    features = backbone.forward(images);
  } else {
    features = torch::zeros({images.size(0), backbone.features()}, images.options());
    if (seen.numel() > 0) {
      const torch::Tensor shown = backbone.forward(images.index_select(0, seen));
      features = features.to(shown.scalar_type()).index_copy(0, seen, shown);
    }
  }
  return features.reshape({slices.size(0), slices.size(1), -1});
}

GraderOutput GraderNetworkImpl::forward(const TensorMap& inputs) {
  GraderOutput output;
  std::vector<torch::Tensor> parts;
  for (size_t k = 0; k < options_.views.size(); ++k) {
    const std::string& view = options_.views[k];
    const torch::Tensor& slices = input_named(inputs, view, 4);
    const torch::Tensor valid = validity(inputs, view, slices);
    Backbone& backbone = *backbones_[options_.shared_backbone ? 0 : k];
    const torch::Tensor features = slice_features(backbone, slices, valid);
    const PooledSlices pooled = poolings_[k]->forward(
        features,
        valid.defined() ? valid : torch::ones({slices.size(0), slices.size(1)}, slices.options().dtype(torch::kBool)));
    output.attention[view] = pooled.weights;
    parts.push_back(pooled.features);
  }
  output.features = torch::cat(parts, 1);
  output.logits = head_->forward(torch::dropout(output.features, options_.dropout, is_training()));
  return output;
}

void GraderNetworkImpl::prepare_for_inference() {
  eval();
  fold_batch_norm_below(*this);
  use_channels_last(*this);
}

}  // namespace lumbargrade
