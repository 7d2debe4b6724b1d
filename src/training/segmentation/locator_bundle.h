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
  /// Rows of patients that the measured networks had not seen (cross-validation): they calibrate the canal grade and
  /// become figures of the manifest.
  std::vector<LevelFigure> unseen;
};

/// Calibrates the canal grade of `grading` on measures of unseen patients, to the challenge's prevalence.
void calibrate_canal_measure(GradingSpec& grading, const std::vector<LevelFigure>& unseen);

/// Figures of the canal's diameter for a manifest.
std::vector<MetricSpec> canal_metrics(const std::vector<LevelFigure>& unseen);

/// Reads back what write_figures wrote.
std::vector<LevelFigure> read_figures(const std::filesystem::path& path);

/// Writes `folder` as a bundle: locator, golden tensors from `example`, the canal grade calibrated on `sources.unseen`
/// to the challenge's prevalence, priors. Throws Error (Usage) when fewer than ten unseen measures a level are known.
void write_locator_bundle(const std::filesystem::path& folder, const UNetOptions& network, const TensorMap& state,
                          const SliceImage& example, const LocatorBundleSources& sources);

}  // namespace lumbargrade
