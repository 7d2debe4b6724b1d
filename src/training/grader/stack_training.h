#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "grades/study_stacking.h"
#include "training/grader/grader_recipe.h"

namespace lumbargrade {

/// A study that no network which answers here has learned from.
struct StackStudy {
  StudyPredictions predictions;
  std::array<std::optional<Severity>, kFindingCount> labels;
  std::array<bool, kFindingCount> doubted{};  ///< labels that are not learned from, only measured by
};

/// A second stage and what is known of it.
struct StackResult {
  TensorMap state;            ///< learned from all studies
  nlohmann::json parameters;  ///< of the architecture "study_stack"
  TensorMap example;          ///< its inputs for one study
  int steps = 0;              ///< that it was trained for; 0: it changes nothing
  /// Weighted log loss as the challenge's, mean of the conditions, of the networks' predictions alone.
  double first_stage_loss = 0;
  double held_out_loss = 0;  ///< the same with stacks that had not seen the study, not even to choose their steps
  std::vector<StudyPredictions> held_out;  ///< by study: what those stacks say

  /// Whether it is worth running.
  bool gains() const { return steps > 0 && held_out_loss < first_stage_loss; }
};

/// Fewest studies that a stack is learned from: one to hold out, one to choose the steps by, one to learn from.
inline constexpr size_t kLeastStackStudies = 3;

/// Learns a second stage from out-of-fold predictions. Studies are dealt into folds; every fold gets the predictions of
/// a stack that learned from the others, for as many steps as were best when each of those others was held out in turn.
/// So the held-out figure has chosen nothing. The stack that ships learns from all studies, with the steps chosen
/// likewise. The same studies, recipe and seed give the same weights. Needs kLeastStackStudies.
StackResult train_stack(const std::vector<StackStudy>& studies, const StackRecipe& recipe, std::uint64_t seed);

}  // namespace lumbargrade
