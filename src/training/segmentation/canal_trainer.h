#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "levels/canal_outline.h"
#include "network/unet_options.h"

namespace lumbargrade {

/// Everything that decides what `train canal` does.
struct CanalTraining {
  std::filesystem::path data;     ///< see LocatorDataset
  std::filesystem::path locator;  ///< bundle whose locator finds the discs of held-out studies
  std::filesystem::path out;      ///< bundle; log and figures in training/, checkpoint/ for --resume
  int folds = 0;                  ///< 0: train on every study
  int fold = 0;                   ///< studies with index % folds == fold are held out
  int iterations = 1000;
  int batch = 12;
  double rate = 2e-3;
  uint64_t seed = 1;
  int threads = 1;  ///< for the network; crops are made on one more
  std::string device = "cpu";
  bool bfloat16 = false;  ///< mixed precision
  int checkpoint_every = 100;
  bool resume = false;
  std::filesystem::path init;  ///< weights to begin with (safetensors); empty: random ones
  UNetOptions network = {{24, 48, 96, 128}, 1, 0, kOutlineChannels};
  std::filesystem::path card;                           ///< see LocatorBundleSources
  std::vector<std::filesystem::path> cross_validation;  ///< `out` folders of fold runs with the same settings
};

/// Trains the network that outlines the canal, measures the held-out studies, and leaves in `out`/training:
/// `training_log.csv`, `held_out.csv` (levels and diameters), `held_out_recess.csv`, `average.safetensors`. With
/// `cross_validation`, `out` itself becomes a bundle: that of `locator` with this network, and the canal grade
/// calibrated on the figures of the fold runs.
void train_canal(const CanalTraining& training);

}  // namespace lumbargrade
