#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "network/safetensors.h"
#include "network/unet_options.h"

namespace lumbargrade {

struct ExportedOptions;
struct GraderNetworkOptions;
struct StudyStackOptions;

/// A network as a bundle sees it.
struct Network {
  std::shared_ptr<torch::nn::Module> module;
  /// Named inputs to named logits, through `module`. Throws c10::Error when an input is missing or misshaped.
  std::function<TensorMap(const TensorMap&)> forward;
};

/// Builds a network with fresh weights from its name and parameters in the manifest. `place` names the file and the
/// entry in errors, which are of kind BundleInvalid: unknown architecture (with the nearest name), unknown, missing or
/// senseless parameters.
///
/// Architectures, with parameters, inputs and outputs:
/// - `unet`: `widths`, `fine_classes`, `coarse_maps` of UNetOptions, `in_channels` may be absent: 1. `image` N x
///   in_channels x H x W. `fine`, `coarse` of UNetOutput; no `coarse` where there are no coarse maps.
/// - `grader`: read_grader_options. Those of GraderNetwork. Its outputs, N x 3 each.
/// - `study_stack`: read_stack_options. `logits`, `present` of StudyStack. `grade` N x 3 x 25.
/// - `point_finder`: `widths` of PointNetwork. `crop` N x S x H x W and, may be absent, `crop.valid` N x S.
///   `place` N x 1 x S x H x W.
/// - `exported`: read_exported_options. Its views, as a grader's. `grade` N x 3. Its file is its weights and what it
///   computes, so that only load_network builds one.
Network build_network(const std::string& architecture, const nlohmann::json& parameters, const std::string& file,
                      const std::string& place);

/// The architecture of networks that PyTorch exported.
inline constexpr const char* kExportedArchitecture = "exported";

/// Builds a network and loads its weights, in evaluation mode: a safetensors file, or the .pt2 file of an exported one.
/// Errors as those of build_network, load_state and ExportedNetworkImpl.
Network load_network(const std::string& architecture, const nlohmann::json& parameters,
                     const std::filesystem::path& weights, const std::string& file, const std::string& place);

/// What the parameters tell before anything is built; errors as those of build_network.
struct ArchitectureSummary {
  std::vector<std::string> inputs;              ///< names of what it cannot do without, ordered
  std::map<std::string, std::int64_t> outputs;  ///< channels (axis 1) by name
  double least_weights = 0;                     ///< it has at least so many
};
ArchitectureSummary summarise_architecture(const std::string& architecture, const nlohmann::json& parameters,
                                           const std::string& file, const std::string& place);

/// The parameters of a `unet`, checked; errors as those of build_network.
UNetOptions read_unet_options(const nlohmann::json& parameters, const std::string& file, const std::string& place);

/// The parameters of a `study_stack`, checked; errors as those of build_network. `kind`: `linear`, `mlp` or `sequence`;
/// `reach_levels` of the first two, `hidden` and `dropout` of the last two, as in StudyStackOptions; may be absent.
StudyStackOptions read_stack_options(const nlohmann::json& parameters, const std::string& file,
                                     const std::string& place);

/// The parameters of a `grader`, checked; errors as those of build_network.
///
/// - `backbone`: one of backbone_names()
/// - `backbone_options`: only for `resnet` and `resnet3d`: `widths`, `blocks`, `deep_stem`, `average_downsample` of
///   ResNetOptions
/// - `views`: names of the inputs: lower-case letters, digits and `_`
/// - `outputs`: names of the outputs, three logits each; may be absent: `grade`
/// - `slices_as`: `sequence`, `channels` (with `slices`, which every view then has) or `volume` (with a 3-D backbone)
/// - `neighbours`: of a sequence: so many slices on either side come with each, as channels
/// - `spatial_pooling`: `mean`, `gem` or `heat_map`
/// - `auxiliary`: weight of the loss of what slices say alone
/// - `drop_path`: of the backbone, as in BackboneOptions
/// - `recompute_slices`: of ConvNeXt: as in GraderNetworkOptions
/// - `pooling`: `mean`, `attention`, `lstm_attention`, `transformer` or `gru_attention`
/// - `hidden`, `dropout`, `shared_backbone`: as in GraderNetworkOptions; may be absent
GraderNetworkOptions read_grader_options(const nlohmann::json& parameters, const std::string& file,
                                         const std::string& place);

/// The parameters of an `exported`, checked; errors as those of build_network.
///
/// | parameter | meaning |
/// |---|---|
/// | `views` | names of the inputs, as of a grader |
/// | `layout` | `channels`, `sequence`, `volume` or `batch`: see SliceLayout |
/// | `arguments` | of its forward in order, `<view>` or `<view>.valid`; may be absent: the views |
/// | `colours` | how many times each slice is given: 1 to 4; may be absent: 1 |
/// | `answers` | `logits` or `probabilities`; may be absent: logits |
ExportedOptions read_exported_options(const nlohmann::json& parameters, const std::string& file,
                                      const std::string& place);

}  // namespace lumbargrade
