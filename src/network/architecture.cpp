// Longer than others: every architecture that a manifest may name, each with its parameters' checks; apart they would
// repeat what they share, and no reader could see them all.
#include "network/architecture.h"

#include <torch/types.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/finding.h"
#include "core/nearest_name.h"
#include "core/strict_object.h"
#include "network/exported_network.h"
#include "network/grader_network.h"
#include "network/point_network.h"
#include "network/state.h"
#include "network/study_stack.h"
#include "network/unet.h"

namespace lumbargrade {
namespace {

// Bounds on what a manifest may ask for, far above anything useful: they keep a hostile one from filling the memory.
constexpr std::int64_t kMaxWidth = 1024;
constexpr std::int64_t kMaxMaps = 256;
constexpr std::size_t kMaxLevels = 8;
constexpr std::int64_t kMaxBlocks = 64;
constexpr std::size_t kMaxNames = 16;
constexpr std::int64_t kMaxHidden = 4096;
constexpr std::int64_t kMaxColours = 4;
constexpr std::int64_t kMaxSlices = 63;
constexpr std::int64_t kMaxNeighbours = 7;
constexpr std::int64_t kMaxRecomputed = 4096;
constexpr double kMaxDropPath = 0.9;
constexpr double kMaxAuxiliary = 10;
constexpr double kMaxDropout = 0.95;
constexpr std::int64_t kHiddenStep = 8;  // heads and directions share it evenly

// In the order of their enumerations.
const std::vector<std::string> kPoolings = {"mean", "attention", "lstm_attention", "transformer", "gru_attention"};
const std::vector<std::string> kSpatialPoolings = {"mean", "gem", "heat_map"};
const std::vector<std::string> kStackKinds = {"linear", "mlp", "sequence"};
const std::vector<std::string> kSlicesAs = {"sequence", "channels", "volume"};
const std::vector<std::string> kLayouts = {"channels", "sequence", "volume", "batch"};

const at::Tensor& input_named(const TensorMap& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  TORCH_CHECK(found != inputs.end(), "the network's input \"", name, "\" is missing");
  return found->second;
}

Network build_unet(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  UNet network(read_unet_options(parameters, file, place));
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            const UNetOutput output = network->forward(input_named(inputs, "image"));
            TensorMap outputs{{"fine", output.fine}};
            if (output.coarse.size(1) > 0) outputs["coarse"] = output.coarse;
            return outputs;
          }};
}

std::int64_t hidden_width(const StrictObject& object) {
  const std::int64_t hidden = object.integer("hidden", kHiddenStep, kMaxHidden);
  if (hidden % kHiddenStep != 0) object.fail("hidden", text("must be a multiple of ", kHiddenStep, ", not ", hidden));
  return hidden;
}

ResNetOptions resnet_options(const StrictObject& object) {
  ResNetOptions options;
  options.widths = object.integers("widths", 1, kMaxLevels, 1, kMaxWidth);
  options.blocks = object.integers("blocks", options.widths.size(), options.widths.size(), 1, kMaxBlocks);
  if (object.has("deep_stem")) options.deep_stem = object.boolean("deep_stem");
  if (object.has("average_downsample")) options.average_downsample = object.boolean("average_downsample");
  if (options.deep_stem && options.widths.front() % 2 != 0) {
    object.fail("widths", "must begin with an even number: the deep stem starts with half of it");
  }
  return options;
}

BackboneOptions backbone_options(const StrictObject& object) {
  BackboneOptions options;
  options.name = object.one_of("backbone", backbone_names());
  if (object.has("drop_path")) options.drop_path = object.number("drop_path", 0, kMaxDropPath);
  if (options.name == kFreeBackbone || options.name == kVolumeBackbone) {
    if (!object.has("backbone_options")) object.fail("backbone_options", "is missing: widths and blocks");
    options.resnet =
        resnet_options(object.object("backbone_options", {"widths", "blocks"}, {"deep_stem", "average_downsample"}));
  } else if (object.has("backbone_options")) {
    object.object("backbone_options", {});
  }
  return options;
}

template <typename Kind>
Kind kind_named(const StrictObject& object, const std::string& key, const std::vector<std::string>& words,
                Kind otherwise) {
  if (!object.has(key)) return otherwise;
  return static_cast<Kind>(std::find(words.begin(), words.end(), object.one_of(key, words)) - words.begin());
}

/// How slices come to the backbone; keys that contradict each other are refused by name.
void read_slices(const StrictObject& object, GraderNetworkOptions& options) {
  options.slices_as = kind_named(object, "slices_as", kSlicesAs, SlicesAs::Sequence);
  if (object.has("slices")) options.slices = object.integer("slices", 1, kMaxSlices);
  if (object.has("neighbours")) options.neighbours = object.integer("neighbours", 0, kMaxNeighbours);
  const bool sequence = options.slices_as == SlicesAs::Sequence, volume = options.slices_as == SlicesAs::Volume;
  if (object.has("slices") != (options.slices_as == SlicesAs::Channels)) {
    object.fail("slices", "goes with slices_as channels, and with nothing else");
  }
  if (!sequence && options.neighbours > 0) object.fail("neighbours", "contradicts slices_as: only a sequence has them");
  if (!sequence && options.pooling != PoolingKind::Mean) {
    object.fail("pooling", "contradicts slices_as: slices that come together are pooled by nothing but mean");
  }
  if (volume != (options.backbone.name == kVolumeBackbone)) {
    object.fail("backbone", text("contradicts slices_as: ", kVolumeBackbone, " takes a volume, the others do not"));
  }
}

/// Slices that are looked at in parts must not meet in a norm.
void read_recomputation(const StrictObject& object, GraderNetworkOptions& options) {
  if (!object.has("recompute_slices")) return;
  options.recompute_slices = object.integer("recompute_slices", 1, kMaxRecomputed);
  if (options.backbone.name.starts_with("convnext")) return;
  object.fail("recompute_slices",
              "contradicts backbone: batch normalisation looks at all slices together; ConvNeXt has none");
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

/// Names of inputs or outputs: each once.
std::vector<std::string> plain_names(const StrictObject& object, const std::string& key) {
  std::vector<std::string> names = object.strings(key);
  if (names.size() > kMaxNames) object.fail(key, text("must have at most ", kMaxNames, " entries"));
  for (const std::string& name : names) {
    if (!is_plain_name(name)) object.fail(key, text("names \"", name, "\": use lower-case letters, digits and _"));
    if (std::count(names.begin(), names.end(), name) > 1) object.fail(key, text("names \"", name, "\" twice"));
  }
  return names;
}

Network build_grader(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  GraderNetwork network(read_grader_options(parameters, file, place));
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            return named_outputs(network->forward(inputs), network->options());
          }};
}

std::vector<std::int64_t> point_widths(const nlohmann::json& parameters, const std::string& file,
                                       const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place, {"widths"});
  return object.integers("widths", 2, kMaxLevels, 1, kMaxWidth);
}

Network build_point_finder(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  PointNetwork network(point_widths(parameters, file, place));
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            const auto valid = inputs.find("crop.valid");
            return TensorMap{{"place", network->forward(input_named(inputs, "crop"),
                                                        valid == inputs.end() ? at::Tensor() : valid->second)}};
          }};
}

Network build_study_stack(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  StudyStack network(read_stack_options(parameters, file, place));
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            const at::Tensor logits = network->forward(input_named(inputs, "logits"), input_named(inputs, "present"));
            return TensorMap{{"grade", logits.transpose(1, 2)}};  // classes along axis 1, as everywhere
          }};
}

Network build_exported(const nlohmann::json& /*parameters*/, const std::string& file, const std::string& place) {
  throw Error(ErrorKind::BundleInvalid, text(file, ": ", place, ": an exported network is loaded, not built"));
}

Network load_exported(const ExportedOptions& options, const std::filesystem::path& weights) {
  ExportedNetwork network(weights, options);
  return {network.ptr(), [network](const TensorMap& inputs) mutable {
            return TensorMap{{"grade", network->forward(inputs)}};
          }};
}

ArchitectureSummary summarise_exported(const nlohmann::json& parameters, const std::string& file,
                                       const std::string& place) {
  ArchitectureSummary summary{read_exported_options(parameters, file, place).views, {{"grade", kSeverityCount}}, 0};
  std::sort(summary.inputs.begin(), summary.inputs.end());
  return summary;
}

// Fewest weights of each architecture: its largest kernels alone. In double, where nothing overflows.

constexpr double kKernelArea = 3 * 3;

double square(std::int64_t width) {
  return static_cast<double>(width) * static_cast<double>(width);
}

double unet_least_weights(const std::vector<std::int64_t>& widths) {
  double weights = 0;
  for (size_t level = 0; level < widths.size(); ++level) {
    const bool has_decoder = level + 1 < widths.size();
    weights += kKernelArea * (has_decoder ? 3 : 1) * square(widths[level]);
  }
  return weights;
}

ArchitectureSummary summarise_unet(const nlohmann::json& parameters, const std::string& file,
                                   const std::string& place) {
  const UNetOptions options = read_unet_options(parameters, file, place);
  ArchitectureSummary summary{{"image"}, {{"fine", options.fine_classes}}, unet_least_weights(options.widths)};
  if (options.coarse_maps > 0) summary.outputs["coarse"] = options.coarse_maps;
  return summary;
}

ArchitectureSummary summarise_point_finder(const nlohmann::json& parameters, const std::string& file,
                                           const std::string& place) {
  return {{"crop"}, {{"place", 1}}, unet_least_weights(point_widths(parameters, file, place))};
}

double least_weights_of(const BackboneOptions& backbone) {
  constexpr double kSmallestPreset = 3e6;  // convnext_atto has 3.4 million
  if (backbone.name != kFreeBackbone && backbone.name != kVolumeBackbone) return kSmallestPreset;
  double weights = 0;
  for (size_t stage = 0; stage < backbone.resnet.widths.size(); ++stage) {
    const auto blocks = static_cast<double>(backbone.resnet.blocks[stage]);
    weights += kKernelArea * (2 * blocks - 1) * square(backbone.resnet.widths[stage]);
  }
  return weights;
}

double least_weights_of(PoolingKind pooling, std::int64_t hidden) {
  switch (pooling) {
    case PoolingKind::GruAttention:
      return 3 * square(hidden);
    case PoolingKind::LstmAttention:
      return 4 * square(hidden);  // recurrent matrices of two layers, two directions, half as wide
    case PoolingKind::Transformer:
      return 8 * square(hidden);  // attention of two layers
    case PoolingKind::Mean:
    case PoolingKind::Attention:
      break;
  }
  return 0;
}

ArchitectureSummary summarise_grader(const nlohmann::json& parameters, const std::string& file,
                                     const std::string& place) {
  const GraderNetworkOptions options = read_grader_options(parameters, file, place);
  ArchitectureSummary summary{options.views, {}, 0};
  for (const std::string& output : options.outputs) summary.outputs[output] = kSeverityCount;
  std::sort(summary.inputs.begin(), summary.inputs.end());
  const auto views = static_cast<double>(options.views.size());
  summary.least_weights = (options.shared_backbone ? 1 : views) * least_weights_of(options.backbone) +
                          views * least_weights_of(options.pooling, options.hidden);
  return summary;
}

ArchitectureSummary summarise_study_stack(const nlohmann::json& parameters, const std::string& file,
                                          const std::string& place) {
  const StudyStackOptions options = read_stack_options(parameters, file, place);
  const bool hidden = options.kind != StackKind::Linear;
  return {{"logits", "present"},
          {{"grade", kSeverityCount}},
          static_cast<double>(hidden ? options.hidden : 1) * kFindingCount / kLevelCount * kSeverityCount};
}

struct Architecture {
  const char* name;
  Network (*build)(const nlohmann::json& parameters, const std::string& file, const std::string& place);
  ArchitectureSummary (*summarise)(const nlohmann::json& parameters, const std::string& file, const std::string& place);
};

// A new architecture is one line here, its builder and its summary above, and its row in the header's table.
constexpr std::array kArchitectures = {Architecture{"unet", build_unet, summarise_unet},
                                       Architecture{"grader", build_grader, summarise_grader},
                                       Architecture{"study_stack", build_study_stack, summarise_study_stack},
                                       Architecture{"point_finder", build_point_finder, summarise_point_finder},
                                       Architecture{kExportedArchitecture, build_exported, summarise_exported}};

const Architecture& architecture_named(const std::string& name, const std::string& file, const std::string& place) {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) {
    if (name == known.name) return known;
    names.emplace_back(known.name);
  }
  throw Error(ErrorKind::BundleInvalid,
              text(file, ": ", place, ".architecture is the unknown \"", name, "\"", name_hint(name, names)));
}

}  // namespace

StudyStackOptions read_stack_options(const nlohmann::json& parameters, const std::string& file,
                                     const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place, {"kind"},
                            {"reach_levels", "hidden", "dropout"});
  StudyStackOptions options;
  options.kind = kind_named(object, "kind", kStackKinds, StackKind::Linear);
  if (object.has("reach_levels") && options.kind == StackKind::Sequence) {
    object.fail("reach_levels", "contradicts kind: a sequence hears all levels");
  }
  for (const char* key : {"hidden", "dropout"}) {
    if (object.has(key) && options.kind == StackKind::Linear) {
      object.fail(key, "contradicts kind: a linear stack has nothing hidden");
    }
  }
  if (object.has("reach_levels")) options.reach_levels = object.integer("reach_levels", 0, kLevelCount - 1);
  if (object.has("hidden")) options.hidden = hidden_width(object);
  if (object.has("dropout")) options.dropout = object.number("dropout", 0, kMaxDropout);
  return options;
}

UNetOptions read_unet_options(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place,
                            {"widths", "fine_classes", "coarse_maps"}, {"in_channels"});
  UNetOptions options;
  options.widths = object.integers("widths", 2, kMaxLevels, 1, kMaxWidth);
  options.fine_classes = object.integer("fine_classes", 1, kMaxMaps);
  options.coarse_maps = object.integer("coarse_maps", 0, kMaxMaps);
  if (object.has("in_channels")) options.in_channels = object.integer("in_channels", 1, kMaxMaps);
  return options;
}

GraderNetworkOptions read_grader_options(const nlohmann::json& parameters, const std::string& file,
                                         const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place, {"backbone", "views", "pooling"},
                            {"outputs", "backbone_options", "hidden", "dropout", "shared_backbone", "slices_as",
                             "slices", "neighbours", "spatial_pooling", "auxiliary", "drop_path", "recompute_slices"});
  GraderNetworkOptions options;
  options.backbone = backbone_options(object);
  options.views = plain_names(object, "views");
  if (object.has("outputs")) options.outputs = plain_names(object, "outputs");
  options.pooling = kind_named(object, "pooling", kPoolings, PoolingKind::Mean);
  options.spatial_pooling = kind_named(object, "spatial_pooling", kSpatialPoolings, SpatialPoolingKind::Mean);
  if (object.has("auxiliary")) options.auxiliary = object.number("auxiliary", 0, kMaxAuxiliary);
  read_slices(object, options);
  read_recomputation(object, options);
  if (object.has("hidden")) options.hidden = hidden_width(object);
  if (object.has("dropout")) options.dropout = object.number("dropout", 0, kMaxDropout);
  if (object.has("shared_backbone")) options.shared_backbone = object.boolean("shared_backbone");
  return options;
}

ExportedOptions read_exported_options(const nlohmann::json& parameters, const std::string& file,
                                      const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place, {"views", "layout"},
                            {"arguments", "colours", "answers"});
  ExportedOptions options;
  options.views = plain_names(object, "views");
  options.layout = kind_named(object, "layout", kLayouts, SliceLayout::Channels);
  options.arguments = object.has("arguments") ? object.strings("arguments") : options.views;
  for (const std::string& argument : options.arguments) {
    const auto names_it = [&](const std::string& view) { return argument == view || argument == view + ".valid"; };
    if (std::none_of(options.views.begin(), options.views.end(), names_it)) {
      object.fail("arguments", text("names \"", argument, "\", which is no view and no view's .valid"));
    }
  }
  if (object.has("colours")) options.colours = object.integer("colours", 1, kMaxColours);
  if (object.has("answers")) {
    options.gives_probabilities = object.one_of("answers", {"logits", "probabilities"}) == "probabilities";
  }
  if (options.layout == SliceLayout::Channels && options.colours > 1) {
    object.fail("colours", "contradicts the layout channels, where slices take the colours' place");
  }
  if (options.layout == SliceLayout::Batch && options.arguments != std::vector<std::string>{options.views.front()}) {
    object.fail("layout", "batch answers slice by slice: it goes with one argument, which is a view");
  }
  return options;
}

Network build_network(const std::string& architecture, const nlohmann::json& parameters, const std::string& file,
                      const std::string& place) {
  return architecture_named(architecture, file, place).build(parameters, file, place + ".parameters");
}

Network load_network(const std::string& architecture, const nlohmann::json& parameters,
                     const std::filesystem::path& weights, const std::string& file, const std::string& place) {
  if (architecture == kExportedArchitecture) {
    return load_exported(read_exported_options(parameters, file, place + ".parameters"), weights);
  }
  Network network = build_network(architecture, parameters, file, place);
  load_state(*network.module, read_safetensors(weights), weights.string());
  network.module->eval();
  return network;
}

ArchitectureSummary summarise_architecture(const std::string& architecture, const nlohmann::json& parameters,
                                           const std::string& file, const std::string& place) {
  return architecture_named(architecture, file, place).summarise(parameters, file, place + ".parameters");
}

}  // namespace lumbargrade
