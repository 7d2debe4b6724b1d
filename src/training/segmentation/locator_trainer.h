#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "network/unet_options.h"

namespace lumbargrade {

/// Everything that decides what `train locator` does.
struct LocatorTraining {
  std::filesystem::path data;        ///< see LocatorDataset
  std::filesystem::path unlabelled;  ///< folder of PNGs for self-training; empty: none
  std::filesystem::path out;         ///< bundle; log and figures in training/, checkpoint/ for --resume
  int folds = 0;                     ///< 0: train on every study
  int fold = 0;                      ///< studies with index % folds == fold are held out
  int study_offset = 900000;         ///< study id = offset + patient of an unlabelled image
  int iterations = 1600;             ///< on labelled slices
  int self_iterations = 1000;        ///< half labelled, half pseudo-labelled; needs `unlabelled`
  int batch = 8;
  double rate = 2e-3;
  double self_rate = 1e-3;
  uint64_t seed = 1;
  int threads = 1;  ///< for the network; crops are made on one more
  std::string device = "cpu";
  bool bfloat16 = true;  ///< mixed precision
  int checkpoint_every = 100;
  bool resume = false;
  std::filesystem::path init;  ///< weights to begin with (safetensors); empty: random ones
  UNetOptions network;
  std::filesystem::path card;                           ///< see LocatorBundleSources
  std::vector<std::filesystem::path> cross_validation;  ///< `out` folders of fold runs with the same settings
};

/// Trains, measures the held-out studies, and leaves in `out`/training: `training_log.csv`, `held_out.csv`,
/// `pseudo_labels.csv`, `average.safetensors` (the averaged weights); with `cross_validation`, `out` itself becomes a
/// bundle.
void train_locator(const LocatorTraining& training);

}  // namespace lumbargrade
