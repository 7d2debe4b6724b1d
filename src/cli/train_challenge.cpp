#include "cli/commands.h"
#include "cli/train_options.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kChallengeFooter =
    R"(The data folder is that of `lumbargrade train grader`: the challenge's, as it was downloaded.

The same command resumes wherever it was stopped. --plan says first what it will take. The networks are independent
jobs: with --only each is trained by a call of its own, on whatever machines share --out, and a last call without --only
makes the bundle. scripts/cluster has that for Slurm and Snakemake.

Examples:
  lumbargrade train challenge --data rsna --recipe fast --out fast --plan
  lumbargrade train challenge --data rsna --recipe fast --out fast
  lumbargrade train challenge --data rsna --recipe strong --device cuda --out strong --only 2:4)";

void add_challenge_options(CLI::App& command, ChallengeCommand& options) {
  add_grader_training_options(command, options);
  command
      .add_option("--point-iterations", options.point_iterations,
                  "Steps of each network that finds points, trained first where the data have coordinates")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.option_defaults()->group("Jobs");
  command
      .add_option("--only", options.only,
                  "Train one job alone: entry of the recipe and fold, both from 0, as --plan lists them")
      ->type_name("ENTRY:FOLD");
  command.add_flag("--plan", options.plan,
                   "Print the jobs with the time, memory and disk that they will take; train nothing");
  command.add_flag("--list-jobs", options.list_jobs,
                   "Print the jobs' names alone, one a line; twice where each is called twice");
}

}  // namespace

void add_train_challenge_command(CLI::App& train, Action& action) {
  add_trainer(
      train, action,
      {"challenge", "From the challenge's data to a checked bundle: points, graders, calibration", kChallengeFooter},
      add_challenge_options, &TrainingCommands::train_challenge);
}

}  // namespace lumbargrade::cli
