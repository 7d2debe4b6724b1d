#include "network/grader_network.h"

#include "network/conv_norm.h"
#include "network/recomputed.h"

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

/// Channels of what the backbone looks at.
int64_t channels_of(const GraderNetworkOptions& options) {
  if (options.slices_as == SlicesAs::Channels) return options.slices;
  return options.slices_as == SlicesAs::Sequence ? 2 * options.neighbours + 1 : 1;
}

/// N x S x H x W as what the backbone looks at, one after the other: N x steps x channels x H x W, or x 1 x S x H x W.
torch::Tensor steps_of(const torch::Tensor& slices, const GraderNetworkOptions& options) {
  if (options.slices_as == SlicesAs::Channels) {
    TORCH_CHECK(slices.size(1) == options.slices, "a view has ", slices.size(1), " slices, the network takes ",
                options.slices, " as channels");
    return slices.unsqueeze(1);
  }
  if (options.slices_as == SlicesAs::Volume) return slices.unsqueeze(1).unsqueeze(1);
  if (options.neighbours == 0) return slices.unsqueeze(2);
  // The first and the last slice are their own neighbours.
  std::vector<torch::Tensor> channels;
  const torch::Tensor places =
      torch::arange(slices.size(1), torch::TensorOptions(torch::kLong).device(slices.device()));
  for (int64_t offset = -options.neighbours; offset <= options.neighbours; ++offset) {
    channels.push_back(slices.index_select(1, (places + offset).clamp(0, slices.size(1) - 1)));
  }
  return torch::stack(channels, 2);
}

/// N x steps; undefined when all are valid because nothing says otherwise.
torch::Tensor valid_steps_of(const torch::Tensor& valid, const GraderNetworkOptions& options) {
  if (!valid.defined() || options.slices_as == SlicesAs::Sequence) return valid;
  return valid.any(1, /*keepdim=*/true);
}

}  // namespace

GraderNetworkImpl::GraderNetworkImpl(GraderNetworkOptions options) : options_(std::move(options)) {
  TORCH_CHECK(!options_.views.empty(), "a grader needs at least one view");
  options_.backbone.in_channels = channels_of(options_);
  const int64_t logits = kGrades * static_cast<int64_t>(options_.outputs.size());
  Group separate, poolings, spatial, auxiliary;
  const auto add_backbone = [&](nn::Module& owner, const std::string& name) {
    const auto made = make_backbone(options_.backbone);
    backbones_.push_back(made);
    owner.register_module(name, made);
    spatial_.push_back(make_spatial_pooling(options_.spatial_pooling, made->features()));
    spatial->register_module(name, spatial_.back());
  };
  if (options_.shared_backbone) add_backbone(*this, "backbone");
  int64_t pooled = 0;
  for (const std::string& view : options_.views) {
    if (!options_.shared_backbone) add_backbone(*separate, view);
    const int64_t width = backbones_.back()->features();
    poolings_.push_back(poolings->register_module(
        view, make_slice_pooling(options_.pooling, width, options_.hidden, options_.dropout)));
    pooled += poolings_.back()->features();
    if (options_.auxiliary <= 0) continue;
    auxiliary_heads_.emplace_back(auxiliary->register_module(view, nn::Linear(width, logits)));
  }
  if (!options_.shared_backbone) register_module("backbones", separate);
  // Older weights have none of these.
  if (options_.spatial_pooling != SpatialPoolingKind::Mean) register_module("spatial_pooling", spatial);
  if (options_.auxiliary > 0) register_module("auxiliary", auxiliary);
  register_module("pooling", poolings);
  head_ = register_module("head", nn::Linear(pooled, logits));
}

torch::Tensor GraderNetworkImpl::features_of(size_t view, const torch::Tensor& images) {
  const size_t k = options_.shared_backbone ? 0 : view;
  const auto look = [this, k](const torch::Tensor& some) {
    return backbones_[k]->finished(spatial_[k]->forward(backbones_[k]->maps(some)));
  };
  if (!is_training() || options_.recompute_slices == 0) return look(images);
  std::vector<torch::Tensor> features;
  for (const torch::Tensor& some : images.split(options_.recompute_slices)) features.push_back(recomputed(look, some));
  return torch::cat(features);
}

torch::Tensor GraderNetworkImpl::step_features(size_t view, const torch::Tensor& slices, const torch::Tensor& valid) {
  const torch::Tensor steps = steps_of(slices, options_);
  const torch::Tensor images = steps.flatten(0, 1);
  const torch::Tensor seen = valid.defined() ? valid.reshape(-1).nonzero().reshape(-1) : torch::Tensor();
  torch::Tensor features;
  if (!seen.defined() || seen.numel() == images.size(0)) {
    features = features_of(view, images);
  } else {
    const int64_t width = backbones_[options_.shared_backbone ? 0 : view]->features();
    features = torch::zeros({images.size(0), width}, images.options());
    if (seen.numel() > 0) {
      const torch::Tensor shown = features_of(view, images.index_select(0, seen));
      features = features.to(shown.scalar_type()).index_copy(0, seen, shown);
    }
  }
  return features.reshape({steps.size(0), steps.size(1), -1});
}

PooledSlices GraderNetworkImpl::pooled_view(size_t view, const torch::Tensor& slices, const torch::Tensor& valid,
                                            GraderOutput& output) {
  const torch::Tensor valid_steps = valid_steps_of(valid, options_);
  const torch::Tensor features = step_features(view, slices, valid_steps);
  const auto all = [&](const torch::Tensor& like) {
    return torch::ones({like.size(0), like.size(1)}, slices.options().dtype(torch::kBool));
  };
  const torch::Tensor there = valid_steps.defined() ? valid_steps : all(features);
  PooledSlices pooled = poolings_[view]->forward(features, there);
  if (is_training() && !auxiliary_heads_.empty()) {
    const torch::Tensor said = auxiliary_heads_[view]->forward(features), mask = there.to(torch::kFloat32);
    output.auxiliary = output.auxiliary.defined() ? torch::cat({output.auxiliary, said}, 1) : said;
    output.auxiliary_valid = output.auxiliary_valid.defined() ? torch::cat({output.auxiliary_valid, mask}, 1) : mask;
  }
  if (options_.slices_as != SlicesAs::Sequence) {
    const torch::Tensor shown = (valid.defined() ? valid : all(slices)).to(pooled.weights.scalar_type());
    pooled.weights = shown / shown.sum(1, true).clamp_min(1);  // all slices were looked at together
  }
  return pooled;
}

GraderOutput GraderNetworkImpl::forward(const TensorMap& inputs) {
  GraderOutput output;
  std::vector<torch::Tensor> parts;
  for (size_t k = 0; k < options_.views.size(); ++k) {
    const torch::Tensor& slices = input_named(inputs, options_.views[k], 4);
    const PooledSlices pooled = pooled_view(k, slices, validity(inputs, options_.views[k], slices), output);
    output.attention[options_.views[k]] = pooled.weights;
    parts.push_back(pooled.features);
  }
  output.logits = head_->forward(torch::dropout(torch::cat(parts, 1), options_.dropout, is_training()));
  return output;
}

TensorMap named_outputs(const GraderOutput& output, const GraderNetworkOptions& options) {
  TensorMap outputs;
  int64_t first = 0;
  for (const std::string& name : options.outputs) {
    outputs[name] = output.logits.narrow(1, first, kGrades);
    if (output.auxiliary.defined()) outputs[name + ".slices"] = output.auxiliary.narrow(2, first, kGrades);
    first += kGrades;
  }
  if (output.auxiliary.defined()) outputs["slices.valid"] = output.auxiliary_valid * options.auxiliary;
  return outputs;
}

}  // namespace lumbargrade
