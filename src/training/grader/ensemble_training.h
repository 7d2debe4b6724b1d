#pragma once

#include "training/grader/grader_training_options.h"

namespace lumbargrade {

/// Cuts the crops, trains every network of the recipe on every fold it runs, fits temperature and prior on what each
/// network said of studies it had not seen, and leaves in `training.out` a bundle: the base bundle's locator and
/// measures, the fold networks of each condition as an ensemble, figures, model card, golden tensors. In
/// `out/training`: `out_of_fold.csv` in the challenge's submission format with `out_of_fold_labels.csv` beside it for
/// `score`, `suspects.csv` where labels were dropped, and a log per fold.
void train_ensemble(const GraderTrainingOptions& training);

}  // namespace lumbargrade
