#pragma once

#include "bundle/write_bundle.h"
#include "training/grader/grader_training_options.h"
#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// The grading networks of some of the folds that ran (0: the first of them) as a bundle describes them: condition by
/// condition, entry by entry, fold by fold. An entry of several conditions comes with its first one.
std::vector<TrainedNetwork> member_networks(const GraderTrainingOptions& training, const GraderData& data,
                                            const TrainedEnsemble& graders, const std::vector<size_t>& folds);

/// Writes `training.out` as a bundle: what the base bundle holds, with the networks, conditions and priors of the
/// trained conditions and the second stage put in place of its own, figures of the held-out findings, and
/// MODEL_CARD.md. `score`: the challenge's of what was held out, where it is defined.
void write_grader_bundle(const GraderTrainingOptions& training, const GraderData& data, const TrainedEnsemble& graders,
                         const std::optional<double>& score);

}  // namespace lumbargrade
