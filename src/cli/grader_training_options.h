#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "training/grader/grader_training_options.h"

namespace lumbargrade::cli {

/// Of `train grader` and `train challenge`, as they were typed.
struct GraderTrainingCommand {
  GraderTrainingOptions training;
  std::string recipe;
};

void add_grader_training_options(CLI::App& command, GraderTrainingCommand& options);

/// With recipe, device and cache filled in. Error (Usage) for a recipe that is none.
GraderTrainingOptions training_of(const GraderTrainingCommand& options);

}  // namespace lumbargrade::cli
