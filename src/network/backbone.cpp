#include "network/backbone.h"

#include <functional>

namespace lumbargrade {
namespace {

struct Preset {
  const char* name;
  std::function<std::shared_ptr<Backbone>(const BackboneOptions&)> make;
};

Preset resnet_preset(const char* name, std::vector<int64_t> blocks, bool variant_d) {
  return {name, [blocks = std::move(blocks), variant_d](const BackboneOptions& options) {
            return make_resnet({{64, 128, 256, 512}, blocks, variant_d, variant_d}, options);
          }};
}

Preset convnext_preset(const char* name, ConvNeXtOptions shape) {
  return {name, [shape = std::move(shape)](const BackboneOptions& options) { return make_convnext(shape, options); }};
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = {
      resnet_preset("resnet18", {2, 2, 2, 2}, false),
      resnet_preset("resnet34", {3, 4, 6, 3}, false),
      resnet_preset("resnet18d", {2, 2, 2, 2}, true),
      resnet_preset("resnet34d", {3, 4, 6, 3}, true),
      convnext_preset("convnext_atto", {{40, 80, 160, 320}, {2, 2, 6, 2}, true}),
      convnext_preset("convnext_femto", {{48, 96, 192, 384}, {2, 2, 6, 2}, true}),
      convnext_preset("convnext_pico", {{64, 128, 256, 512}, {2, 2, 6, 2}, true}),
      convnext_preset("convnext_nano", {{80, 160, 320, 640}, {2, 2, 8, 2}, true}),
      convnext_preset("convnext_tiny", {{96, 192, 384, 768}, {3, 3, 9, 3}, false}),
      convnext_preset("convnext_small", {{96, 192, 384, 768}, {3, 3, 27, 3}, false}),
      {"tf_efficientnetv2_s", make_efficientnetv2_s},
      {kFreeBackbone, [](const BackboneOptions& options) { return make_resnet(options.resnet, options); }},
      {kVolumeBackbone, make_resnet3d},
  };
  return all;
}

}  // namespace

const std::vector<std::string>& backbone_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Preset& preset : presets()) list.emplace_back(preset.name);
    return list;
  }();
  return names;
}

std::shared_ptr<Backbone> make_backbone(const BackboneOptions& options) {
  for (const Preset& preset : presets()) {
    if (options.name == preset.name) return preset.make(options);
  }
  TORCH_CHECK(false, "there is no backbone \"", options.name, "\"");
}

}  // namespace lumbargrade
