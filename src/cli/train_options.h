#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/training/training_commands.h"
#include "training/loop/training_options.h"

namespace lumbargrade::cli {

/// What every kind of training is told: output, card, seed, checkpoints, machine. The options' present values are the
/// defaults.
void add_training_options(CLI::App& command, TrainingOptions& options);

/// How many steps, of how many crops (at most `largest_batch`), at which rate; `iterations` is what the help says of
/// the first.
void add_step_options(CLI::App& command, StepTraining& training, const char* iterations, int largest_batch);

/// --resume, of commands that do not resume by themselves.
void add_resume_option(CLI::App& command, TrainingOptions& options);

/// The options that `train grader` and `train challenge` share.
void add_grader_training_options(CLI::App& command, GraderTrainingCommand& options);

struct SubcommandText {
  const char* name;
  const char* description;
  const char* footer;
};

/// A subcommand of `train`: `add_options` lets its options fill an `Options`, which `run` then takes.
template <typename Options, typename Taken>
void add_trainer(CLI::App& train, Action& action, const SubcommandText& told, void (*add_options)(CLI::App&, Options&),
                 void (*TrainingCommands::*run)(Taken)) {
  CLI::App* command = train.add_subcommand(told.name, told.description);
  auto options = std::make_shared<Options>();
  add_options(*command, *options);
  command->footer(told.footer);
  command->callback([options, run, &action] {
    action = [options, run] {
      (training_commands().*run)(*options);
      return 0;
    };
  });
}

}  // namespace lumbargrade::cli
