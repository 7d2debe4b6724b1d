#include "network/architecture.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/strict_object.h"
#include "network/grader_network.h"
#include "network/study_mixer.h"
#include "network/unet.h"

namespace lumbargrade {
namespace {

// Bounds on what a manifest may ask for, far above anything useful: they keep a hostile one from filling the memory.
constexpr std::int64_t kMaxWidth = 1024;
constexpr std::int64_t kMaxMaps = 256;
constexpr std::size_t kMaxLevels = 8;
constexpr std::int64_t kMaxBlocks = 64;
constexpr std::size_t kMaxViews = 16;
constexpr std::int64_t kMaxHidden = 4096;
constexpr std::int64_t kMaxMeasures = 1024;
constexpr std::int64_t kMaxFeatures = 65536;
constexpr std::int64_t kMaxMixerLayers = 16;
constexpr double kMaxDropout = 0.95;
constexpr std::int64_t kHiddenStep = 8;  // heads and directions share it evenly

const std::vector<std::string> kPoolings = {"mean", "attention", "lstm_attention", "transformer"};  // as PoolingKind

const at::Tensor& input_named(const TensorMap& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  TORCH_CHECK(found != inputs.end(), "the network's input \"", name, "\" is missing");
  return found->second;
}

UNetOptions unet_options(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place,
                            {"widths", "fine_classes", "coarse_maps"}, {"in_channels"});
  UNetOptions options;
  options.widths = object.integers("widths", 2, kMaxLevels, 1, kMaxWidth);
  options.fine_classes = object.integer("fine_classes", 1, kMaxMaps);
  options.coarse_maps = object.integer("coarse_maps", 0, kMaxMaps);
  if (object.has("in_channels")) options.in_channels = object.integer("in_channels", 1, kMaxMaps);
  return options;
}

Network build_unet(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  UNet network(unet_options(parameters, file, place));
  return {network.ptr(),
          [network](const TensorMap& inputs) mutable {
            const UNetOutput output = network->forward(input_named(inputs, "image"));
            TensorMap outputs{{"fine", output.fine}};
            if (output.coarse.size(1) > 0) outputs["coarse"] = output.coarse;
            return outputs;
          },
          [network]() mutable { network->prepare_for_inference(); }};
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
  if (options.name == kFreeBackbone) {
    if (!object.has("backbone_options")) object.fail("backbone_options", "is missing: widths and blocks");
    options.resnet =
        resnet_options(object.object("backbone_options", {"widths", "blocks"}, {"deep_stem", "average_downsample"}));
  } else if (object.has("backbone_options")) {
    object.object("backbone_options", {});
  }
  return options;
}

bool is_view_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
         name != "measures";
}

std::vector<std::string> view_names(const StrictObject& object) {
  const std::vector<std::string> views = object.strings("views");
  if (views.size() > kMaxViews) object.fail("views", text("must have at most ", kMaxViews, " entries"));
  for (const std::string& view : views) {
    if (!is_view_name(view)) {
      object.fail("views", text("names \"", view, "\": use lower-case letters, digits and _, and not \"measures\""));
    }
    if (std::count(views.begin(), views.end(), view) > 1) object.fail("views", text("names \"", view, "\" twice"));
  }
  return views;
}

Network build_grader(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  GraderNetwork network(read_grader_options(parameters, file, place));
  return {network.ptr(),
          [network](const TensorMap& inputs) mutable {
            return TensorMap{{"grade", network->forward(inputs).logits}};
          },
          [network]() mutable { network->prepare_for_inference(); }};
}

Network build_study_mixer(const nlohmann::json& parameters, const std::string& file, const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place,
                            {"features", "hidden", "layers", "dropout"});
  StudyMixerOptions options;
  options.features = object.integer("features", 1, kMaxFeatures);
  options.hidden = hidden_width(object);
  options.layers = object.integer("layers", 1, kMaxMixerLayers);
  options.dropout = object.number("dropout", 0, kMaxDropout);
  StudyMixer network(options);
  return {network.ptr(),
          [network](const TensorMap& inputs) mutable {
            const at::Tensor logits = network->forward(input_named(inputs, "features"), input_named(inputs, "logits"),
                                                       input_named(inputs, "present"));
            return TensorMap{{"grade", logits.transpose(1, 2)}};  // classes along axis 1, as everywhere
          },
          [network]() mutable { network->eval(); }};
}

struct Architecture {
  const char* name;
  Network (*build)(const nlohmann::json& parameters, const std::string& file, const std::string& place);
};

// A new architecture is one line here, one builder above, and its row in the header's table.
constexpr std::array kArchitectures = {Architecture{"unet", build_unet}, Architecture{"grader", build_grader},
                                       Architecture{"study_mixer", build_study_mixer}};

}  // namespace

GraderNetworkOptions read_grader_options(const nlohmann::json& parameters, const std::string& file,
                                         const std::string& place) {
  const StrictObject object(parameters, {file, ErrorKind::BundleInvalid}, place, {"backbone", "views", "pooling"},
                            {"backbone_options", "hidden", "dropout", "measures", "shared_backbone"});
  GraderNetworkOptions options;
  options.backbone = backbone_options(object);
  options.views = view_names(object);
  const auto pooling = std::find(kPoolings.begin(), kPoolings.end(), object.one_of("pooling", kPoolings));
  options.pooling = static_cast<PoolingKind>(pooling - kPoolings.begin());
  if (object.has("hidden")) options.hidden = hidden_width(object);
  if (object.has("dropout")) options.dropout = object.number("dropout", 0, kMaxDropout);
  if (object.has("measures")) options.measures = object.integer("measures", 0, kMaxMeasures);
  if (object.has("shared_backbone")) options.shared_backbone = object.boolean("shared_backbone");
  return options;
}

std::vector<std::string> architecture_names() {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) names.emplace_back(known.name);
  return names;
}

Network build_network(const std::string& architecture, const nlohmann::json& parameters, const std::string& file,
                      const std::string& place) {
  for (const Architecture& known : kArchitectures) {
    if (architecture == known.name) return known.build(parameters, file, place + ".parameters");
  }
  throw Error(ErrorKind::BundleInvalid, text(file, ": ", place, ".architecture is the unknown \"", architecture, "\"",
                                             name_hint(architecture, architecture_names())));
}

}  // namespace lumbargrade
