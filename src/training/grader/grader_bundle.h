#pragma once

#include "training/grader/grader_training_options.h"
#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// Writes `training.out` as a bundle: what the base bundle holds, with the networks, conditions and priors of the
/// trained conditions and the second stage put in place of its own, figures of the held-out findings, and
/// MODEL_CARD.md.
void write_grader_bundle(const GraderTrainingOptions& training, const GraderData& data, const TrainedEnsemble& graders);

}  // namespace lumbargrade
