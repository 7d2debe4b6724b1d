#pragma once

#include <array>
#include <vector>

#include "core/finding.h"
#include "training/grader_trainer.h"

namespace lumbargrade {

/// What a network said of a finding it had not learned from, and what is true.
struct HeldOutFinding {
  Logits logits{};
  Severity severity{};
  Level level{};
};

/// What turns logits into probabilities: p = (1 - lambda) prior + lambda softmax(logits / temperature).
struct HeadFit {
  double temperature = 1;
  double model_weight = 1;  ///< lambda
  double loss = 0;          ///< log loss with both, weighted by class where weights were given
  double plain_loss = 0;    ///< of softmax(logits)
  double prior_loss = 0;    ///< of the prior alone
};

using LevelPrior = std::array<Probabilities, kLevelCount>;

/// Frequencies of the grades by level, each class counted with its weight and half a case more, so that none is 0.
LevelPrior weighted_prior(const std::vector<HeldOutFinding>& findings,
                          const std::array<double, kSeverityCount>& class_weights);

/// Temperature, then lambda, of least weighted log loss. Throws Error (Failure) without findings.
HeadFit fit_head(const std::vector<HeldOutFinding>& findings, const LevelPrior& prior,
                 const std::array<double, kSeverityCount>& class_weights);

/// p as above.
Probabilities head_probabilities(const HeldOutFinding& finding, const LevelPrior& prior, double temperature,
                                 double model_weight);

}  // namespace lumbargrade
