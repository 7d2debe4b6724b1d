#pragma once

#include <optional>
#include <vector>

#include "training/grader/fold_training.h"

namespace lumbargrade {

/// The second stage of one fold.
struct MixerResult {
  TensorMap state;              ///< fresh, so that it changes nothing, where no epoch was better than the first stage
  nlohmann::json parameters;    ///< of the architecture "study_mixer"
  TensorMap example;            ///< its inputs for one held-out study
  double first_stage_loss = 0;  ///< sum over the conditions of official_loss, held-out studies, first stage alone
  double held_out_loss = 0;     ///< the same with the mixer
  int best_epoch = 0;           ///< 0: no epoch was better
};

/// One grading network of the fold, in the order of the recipe.
struct MixerMember {
  size_t network = 0;  ///< index of the recipe's network
  const TensorMap* state = nullptr;
  const std::vector<bool>* used = nullptr;  ///< by sample of its data: whether its label is learned from
};

/// Trains a study mixer on what a fold's networks, as they are, say of the fold's training studies, and stops by the
/// held-out ones, which neither they nor the mixer learned from. In half of the studies left and right are exchanged,
/// answers and labels together: right-sided crops are mirrored, so their features mean the same.
MixerResult train_mixer(const GraderTrainingOptions& training, const GraderData& data, int fold,
                        const std::vector<MixerMember>& members);

/// The finding that becomes this one in the mirrored patient, by index into all_findings().
size_t other_side(size_t finding);

}  // namespace lumbargrade
