#pragma once

#include <vector>

#include "training/grader_calibration.h"

namespace lumbargrade {

/// One of the recipe's networks, trained on every fold that runs.
struct TrainedEntry {
  size_t recipe = 0;  ///< index of the recipe's network
  std::vector<TensorMap> members;
  std::vector<std::optional<Logits>> held_out;  ///< by sample of its data, from the member that had not seen it
};

/// All entries of one condition: an ensemble, calibrated as one.
struct TrainedHead {
  Condition condition{};
  std::vector<TrainedEntry> entries;
  LevelPrior prior{};
  HeadFit fit;
  int held_out_findings = 0;
  int measured_findings = 0;  ///< of them, those with a measure
};

/// Writes `training.out` as a bundle: what the base bundle holds, with the networks, heads and priors of the trained
/// conditions put in place of its own, figures of the held-out findings, and MODEL_CARD.md.
void write_grader_bundle(const GraderTraining& training, const GraderData& data, const std::vector<TrainedHead>& heads);

}  // namespace lumbargrade
