#pragma once

#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// Trains all networks on with unlabelled studies, whose labels are guessed: what the networks of one fold, averaged
/// over the entries that grade the condition, say of a finding with at least the recipe's confidence is its soft label
/// for that fold. So labels of a fold are guessed only by networks that never saw the studies held out in it, and
/// out-of-fold predictions stay honest. A network that does not get better on its held-out studies stays as it was.
void train_on_pseudo_labels(const GraderTrainingOptions& training, const GraderData& data, const GraderData& unlabelled,
                            TrainedEnsemble& graders);

}  // namespace lumbargrade
