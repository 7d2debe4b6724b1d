#pragma once

#include <filesystem>
#include <vector>

#include "levels/canal_outline.h"
#include "network/safetensors.h"
#include "network/unet_options.h"
#include "training/segmentation/canal_evaluation.h"

namespace lumbargrade {

struct CanalBundleSources {
  std::filesystem::path base;  ///< bundle whose other networks, priors and conditions are kept
  std::filesystem::path card;  ///< see LocatorBundleSources; empty: the base's description
  CanalFigures unseen;         ///< of patients that the measured networks had not seen
};

/// Writes `folder` as a bundle: the base's, with the outline network in place of its own and the figures of
/// `sources.unseen`. Its measure models are the base's: `train measures` fits them anew.
void write_canal_bundle(const std::filesystem::path& folder, const UNetOptions& network, const TensorMap& state,
                        const OutlineInput& example, const CanalBundleSources& sources);

}  // namespace lumbargrade
