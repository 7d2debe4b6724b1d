#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "levels/locator_network.h"
#include "network/unet.h"
#include "training/loop/trainer.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/segmentation_options.h"

namespace lumbargrade {

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
