#pragma once

#include <CLI/CLI.hpp>

#include "cli/training/training_commands.h"

namespace lumbargrade::cli {

/// The options that `train grader` and `train challenge` share.
void add_grader_training_options(CLI::App& command, GraderTrainingCommand& options);

}  // namespace lumbargrade::cli
