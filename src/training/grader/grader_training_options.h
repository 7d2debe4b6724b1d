#pragma once

#include <filesystem>

#include "training/grader/grader_data.h"
#include "training/loop/training_options.h"

namespace lumbargrade {

/// How `train grader` runs, apart from what the recipe decides.
struct GraderTrainingOptions : TrainingOptions {
  GraderDataOptions data;
  GraderRecipe recipe;
  std::filesystem::path init;  ///< safetensors with backbone weights under timm's names; empty: random
  bool deterministic = false;
};

}  // namespace lumbargrade
