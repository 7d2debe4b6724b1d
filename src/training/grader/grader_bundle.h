#pragma once

#include "bundle/write_bundle.h"
#include "training/grader/grader_training_options.h"
#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// The grading networks of the `member`th fold that ran, condition by condition in the order of the recipe's entries,
/// as a bundle describes them.
std::vector<TrainedNetwork> fold_networks(const GraderTrainingOptions& training, const GraderData& data,
                                          const TrainedEnsemble& graders, size_t member);

/// Writes `training.out` as a bundle: what the base bundle holds, with the networks, conditions and priors of the
/// trained conditions and the second stage put in place of its own, figures of the held-out findings, and
/// MODEL_CARD.md. `score`: the challenge's of what was held out, where it is defined.
void write_grader_bundle(const GraderTrainingOptions& training, const GraderData& data, const TrainedEnsemble& graders,
                         const std::optional<double>& score);

}  // namespace lumbargrade
