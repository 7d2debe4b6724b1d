#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lumbargrade {

/// Shape of a residual network of basic blocks. The defaults are ResNet-18's.
struct ResNetOptions {
  std::vector<std::int64_t> widths = {64, 128, 256, 512};  ///< channels per stage, finest first
  std::vector<std::int64_t> blocks = {2, 2, 2, 2};         ///< per stage
  bool deep_stem = false;           ///< three 3 x 3 convolutions instead of one 7 x 7: the -D variants
  bool average_downsample = false;  ///< a mean over 2 x 2 before each strided shortcut: the -D variants
};

struct BackboneOptions {
  std::string name = "resnet18";  ///< one of backbone_names()
  std::int64_t in_channels = 1;
  ResNetOptions resnet;  ///< read when the name is "resnet" or "resnet3d", which knows no variants
  double drop_path = 0;  ///< share of samples that skip the last block in training; fewer before it
};

/// The backbone whose shape ResNetOptions gives.
inline constexpr const char* kFreeBackbone = "resnet";
/// The same for whole volumes.
inline constexpr const char* kVolumeBackbone = "resnet3d";

/// resnet18, resnet34, resnet18d, resnet34d, convnext_{atto,femto,pico,nano,tiny,small}, tf_efficientnetv2_s as in
/// timm, kFreeBackbone and kVolumeBackbone.
const std::vector<std::string>& backbone_names();

}  // namespace lumbargrade
