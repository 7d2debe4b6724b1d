#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "levels/locator_network.h"
#include "network/unet.h"
#include "network/unet_options.h"
#include "training/loop/trainer.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {

/// What decides the training of a U-Net on labelled slices, whichever it is.
struct SegmentationTraining : TrainingOptions {
  std::filesystem::path data;  ///< see LocatorDataset
  int folds = 0;               ///< 0: train on every study
  int fold = 0;                ///< studies with index % folds == fold are held out
  int iterations = 0;          ///< steps
  int batch = 0;               ///< crops per step
  double rate = 2e-3;          ///< peak
  std::filesystem::path init;  ///< weights to begin with (safetensors); empty: random ones
  UNetOptions network;
  std::vector<std::filesystem::path> cross_validation;  ///< `out` folders of fold runs with the same settings

  bool holds_out(size_t index) const { return folds > 0 && static_cast<int>(index) % folds == fold; }
  /// Error (Usage) where the fold does not exist.
  void check_fold() const;
};

/// A task of `steps` steps with a fresh U-Net whose running average decays by `average`; batch and loss are to be
/// added. `studies` are those that are learned from.
TrainingTask unet_task(const SegmentationTraining& training, int steps, double rate, double average,
                       const std::vector<std::string>& studies);

/// The weights to begin with; empty: random ones.
TensorMap initial_weights(const SegmentationTraining& training);

/// The locator of a bundle. Throws Error (BundleInvalid) for a bundle that has none.
LocatorNetwork read_locator(const std::filesystem::path& folder, const torch::Device& device);

/// A U-Net with these weights.
UNet unet_with(const UNetOptions& options, const TensorMap& state);

/// What a manifest says of a U-Net with these inputs and outputs (levels/network_interface.h).
NetworkSpec unet_spec(const std::string& role, const UNetOptions& network, NetworkSpec interface);

/// The middle of an image, at most `rows` x `columns`.
cv::Mat1f middle_of(const cv::Mat1f& image, int rows, int columns);

}  // namespace lumbargrade
