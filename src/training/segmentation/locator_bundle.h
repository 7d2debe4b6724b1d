#pragma once

#include <filesystem>
#include <vector>

#include "bundle/manifest.h"
#include "network/safetensors.h"
#include "network/unet_options.h"
#include "training/segmentation/locator_evaluation.h"

namespace lumbargrade {

/// What goes into a bundle besides the trained weights.
struct LocatorBundleSources {
  /// JSON with name, version, licence, attribution [], training_data [] and metrics [] as in manifest.json; empty: a
  /// bundle that says it was not described.
  std::filesystem::path card;
  /// Rows of patients that the measured networks had not seen (cross-validation): the manifest's figures.
  std::vector<LevelFigure> unseen;
};

/// Reads back what write_figures wrote.
std::vector<LevelFigure> read_figures(const std::filesystem::path& path);

/// Writes `folder` as a bundle: locator, golden tensors from `example`, the challenge's prevalence as prior, figures
/// of `sources.unseen`. It grades by the prior alone until `train measures` has fitted its measures.
void write_locator_bundle(const std::filesystem::path& folder, const UNetOptions& network, const TensorMap& state,
                          const SliceImage& example, const LocatorBundleSources& sources);

}  // namespace lumbargrade
