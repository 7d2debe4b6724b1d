#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training/grader/grader_data.h"
#include "training/loop/training_options.h"

namespace lumbargrade {

/// One network of the recipe on one fold.
struct TrainingJob {
  size_t entry = 0;
  int fold = 0;

  std::string name() const { return std::to_string(entry) + ":" + std::to_string(fold); }
  bool operator==(const TrainingJob&) const = default;
};

/// How `train grader` runs, apart from what the recipe decides.
struct GraderTrainingOptions : TrainingOptions {
  GraderDataOptions data;
  GraderRecipe recipe;
  std::filesystem::path init;  ///< backbone weights under timm's names, see backbone_weights_file; empty: random
  bool deterministic = false;
  std::optional<TrainingJob> only;  ///< train this job alone and leave the rest to other calls

  /// Entry by entry.
  std::vector<TrainingJob> jobs() const;
  /// How often every job is called with `only`: a second time where suspect labels are dropped.
  int rounds() const { return recipe.drop_suspects > 0 ? 2 : 1; }
};

}  // namespace lumbargrade
