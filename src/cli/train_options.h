#pragma once

#include <CLI/CLI.hpp>

#include "training/loop/training_options.h"

namespace lumbargrade::cli {

/// What every kind of training is told: output, card, seed, checkpoints, machine. The options' present values are the
/// defaults.
void add_training_options(CLI::App& command, TrainingOptions& options);

/// How many steps, of how many crops (at most `largest_batch`), at which rate; `iterations` is what the help says of
/// the first.
void add_step_options(CLI::App& command, StepTraining& training, const char* iterations, int largest_batch);

/// --resume, of commands that do not go on by themselves.
void add_resume_option(CLI::App& command, TrainingOptions& options);

}  // namespace lumbargrade::cli
