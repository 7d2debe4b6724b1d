#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "training/grader/grader_data.h"

namespace lumbargrade {

/// How `train grader` runs, apart from what the recipe decides.
struct GraderTraining {
  GraderDataOptions data;
  GraderRecipe recipe;
  std::filesystem::path out;   ///< bundle; figures in training/, checkpoints in checkpoint/
  std::filesystem::path init;  ///< safetensors with backbone weights under timm's names; empty: random
  std::filesystem::path card;  ///< JSON with name, version, licence, attribution, training_data; empty: undescribed
  std::uint64_t seed = 1;
  std::string device = "cpu";
  int threads = 2;
  bool bfloat16 = false;
  bool deterministic = false;
  bool resume = false;
  int checkpoint_every = 50;  ///< steps
};

}  // namespace lumbargrade
