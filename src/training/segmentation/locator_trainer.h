#pragma once

#include <filesystem>

#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {

/// Everything that decides what `train locator` does.
struct LocatorTraining : SegmentationTraining {
  std::filesystem::path unlabelled;  ///< folder of PNGs for self-training; empty: none
  int study_offset = 900000;         ///< study id = offset + patient of an unlabelled image
  int self_iterations = 1000;        ///< half labelled, half pseudo-labelled; needs `unlabelled`
  double self_rate = 1e-3;

  LocatorTraining();
};

/// Trains on labels, then, where there are unlabelled images, on with what the first stage says of them; measures the
/// held-out studies, and leaves in `out`/training: `held_out.csv`, `pseudo_labels.csv`, `average.safetensors` (the
/// averaged weights); logs and checkpoints of the stages lie in `out`/checkpoint. With `cross_validation`, `out` itself
/// becomes a bundle.
void train_locator(const LocatorTraining& training);

}  // namespace lumbargrade
