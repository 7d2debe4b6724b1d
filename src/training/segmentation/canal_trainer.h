#pragma once

#include "training/segmentation/segmentation_options.h"

namespace lumbargrade {

/// Trains the network that outlines the canal, measures the held-out studies, and leaves in `out`/training:
/// `held_out.csv` (levels and diameters), `held_out_recess.csv`, `average.safetensors`; log and checkpoint lie in
/// `out`/checkpoint/outline. With `cross_validation`, `out` itself becomes a bundle: that of `locator` with this
/// network and the figures of the fold runs (`train measures` calibrates the canal's grade on them).
void train_canal(const CanalTraining& training);

}  // namespace lumbargrade
