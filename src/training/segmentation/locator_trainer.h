#pragma once

#include "training/segmentation/segmentation_options.h"

namespace lumbargrade {

/// Trains on labels, then, where there are unlabelled images, on with what the first stage says of them; measures the
/// held-out studies, and leaves in `out`/training: `held_out.csv`, `pseudo_labels.csv`, `average.safetensors` (the
/// averaged weights); logs and checkpoints of the stages lie in `out`/checkpoint. With `cross_validation`, `out` itself
/// becomes a bundle.
void train_locator(const LocatorTraining& training);

}  // namespace lumbargrade
