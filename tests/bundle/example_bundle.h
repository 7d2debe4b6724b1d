#pragma once

#include <torch/types.h>
#include <torch/utils.h>

#include "bundle/write_bundle.h"
#include "network/state.h"
#include "network/unet.h"

namespace lumbargrade {

/// A manifest without networks that is sound in every respect.
inline Manifest example_manifest() {
  Manifest manifest;
  manifest.name = "example";
  manifest.version = "1.2.3";
  manifest.licence = "CC-BY-4.0";
  manifest.attribution = {"Nobody (2024)"};
  manifest.intended_use = "Research use only, not for clinical use.";
  for (auto& levels : manifest.grading.prior) levels.fill({0.75, 0.1875, 0.0625});
  manifest.grading.prior_source = "invented";
  MeasureModel canal{"invented", 0.5, 1.25, 1, {}};
  canal.levels.fill({9.5, 6.5, 13});
  manifest.grading.measure(Measure::CanalAp) = canal;
  manifest.training_data = {{"locator", "somewhere", "CC0-1.0", 30, "patients", "by patient"}};
  manifest.metrics = {{"locator", "median error", 1.5, "mm", "three folds", 30}};
  return manifest;
}

inline AxisSpec image_axis(const std::string& name, const std::string& towards) {
  AxisSpec axis;
  axis.name = name;
  axis.multiple_of = 8;
  axis.spacing_mm = 0.6;
  axis.towards = towards;
  return axis;
}

/// A small U-Net with random weights.
inline TrainedNetwork example_network() {
  const UNetOptions options{.widths = {4, 8}, .fine_classes = 4, .coarse_maps = 3};
  AxisSpec channel;
  channel.name = "channel";
  channel.size = 1;
  TrainedNetwork trained;
  trained.spec.role = "locator";
  trained.spec.name = "locator";
  trained.spec.architecture = "unet";
  trained.spec.parameters = {{"widths", options.widths}, {"fine_classes", 4}, {"coarse_maps", 3}};
  trained.spec.inputs = {{"image",
                          {"sagittal_t2", "sagittal_t1"},
                          {channel, image_axis("row", "feet"), image_axis("column", "posterior")},
                          "linear",
                          "minimum",
                          {0.5, 99}}};
  trained.spec.outputs = {{"fine", {"background", "disc", "vertebra", "canal"}, "softmax", 1, 1},
                          {"coarse", {"l5s1", "s1", "centre"}, "sigmoid", 1, 2}};
  trained.spec.golden.tolerance = 1e-4;
  torch::manual_seed(1);
  trained.state = collect_state(*UNet(options));
  trained.golden_inputs = {{"image", torch::randn({1, 1, 16, 24})}};
  return trained;
}

}  // namespace lumbargrade
