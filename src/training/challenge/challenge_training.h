#pragma once

#include "training/grader/grader_training_options.h"

namespace lumbargrade {

struct ChallengeTraining : GraderTrainingOptions {
  int point_iterations = 600;  ///< of each network that finds points, as `train points`
};

/// From a data set in the challenge's layout to a bundle that is checked: points, grading networks, second stage,
/// calibration, bundle with card and figures, golden outputs computed again. Resumes from whatever an earlier call with
/// the same options has finished in `training.out`; another run's folder is refused (Error, Usage). With
/// `training.only` as train_ensemble.
void train_challenge(ChallengeTraining training);

}  // namespace lumbargrade
