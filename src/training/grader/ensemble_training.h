#pragma once

#include "training/grader/grader_training_options.h"

namespace lumbargrade {

/// Cuts the crops, trains every network of the recipe on every fold it runs, grades what was held out as `grade` would,
/// fits temperature, prior and weights on that, and leaves in `training.out` a bundle: the base bundle's locator and
/// measures, the fold networks of each condition as an ensemble, figures, model card, golden tensors. In
/// `out/training`: `out_of_fold.csv` in the challenge's submission format with `out_of_fold_labels.csv` beside it for
/// `score`, `suspects.csv` where labels were dropped, and a log per fold.
///
/// With `training.only` one job is trained, beside others of the same folder in other processes: its first pass, or,
/// where the first passes of all jobs are finished and the recipe drops suspects, its second one. No bundle is written.
/// Error (Failure) where another process trains the job.
void train_ensemble(const GraderTrainingOptions& training);

}  // namespace lumbargrade
