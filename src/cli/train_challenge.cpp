#include <charconv>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/grader_training_options.h"
#include "core/error.h"
#include "training/challenge/challenge_training.h"
#include "training/grader/training_plan.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kChallengeFooter =
    R"(The data folder is that of `lumbargrade train grader`: the challenge's, as it was downloaded.

The same command goes on wherever it was stopped. --plan tells first what it will take. The networks are independent
jobs: with --only each is trained by a call of its own, on whatever machines share --out, and a last call without --only
makes the bundle. scripts/cluster has that for Slurm and Snakemake.

Examples:
  lumbargrade train challenge --data rsna --recipe fast --out fast --plan
  lumbargrade train challenge --data rsna --recipe fast --out fast
  lumbargrade train challenge --data rsna --recipe strong --device cuda --out strong --only 2:4)";

struct ChallengeCommand : GraderTrainingCommand {
  std::string only;
  bool plan = false;
  bool list_jobs = false;
};

void add_challenge_options(CLI::App& command, ChallengeCommand& options) {
  add_grader_training_options(command, options);
  command
      .add_option("--only", options.only,
                  "Train one job alone: entry of the recipe and fold, both from 0, as --plan lists them")
      ->type_name("ENTRY:FOLD")
      ->group("Jobs");
  command
      .add_flag("--plan", options.plan,
                "Print the jobs with the time, memory and disk that they will take; train nothing")
      ->group("Jobs");
  command
      .add_flag("--list-jobs", options.list_jobs,
                "Print the jobs' names alone, one a line; twice where each is called twice")
      ->group("Jobs");
}

template <typename Number>
bool parse_whole(std::string_view word, Number& value) {
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  return result.ec == std::errc() && result.ptr == word.data() + word.size() && !word.empty();
}

TrainingJob parse_job(const std::string& word) {
  TrainingJob job;
  const size_t colon = word.find(':');
  const bool is_job = colon != std::string::npos && parse_whole(std::string_view(word).substr(0, colon), job.entry) &&
                      parse_whole(std::string_view(word).substr(colon + 1), job.fold);
  if (is_job) return job;
  throw Error(ErrorKind::Usage, text("--only ", word, " is no job; it takes ENTRY:FOLD, such as 0:1"));
}

int run_challenge(const ChallengeCommand& options) {
  GraderTrainingOptions training = training_of(options);
  if (options.list_jobs) {
    for (int round = 0; round < training.rounds(); ++round) {
      for (const TrainingJob& job : training.jobs()) std::cout << job.name() << "\n";
    }
    flush_output();
    return 0;
  }
  if (options.plan) {
    std::cout << plan_text(plan_training(training));
    flush_output();
    return 0;
  }
  if (!options.only.empty()) training.only = parse_job(options.only);
  train_challenge(std::move(training));
  return 0;
}

}  // namespace

void add_train_challenge_command(CLI::App& train, Action& action) {
  auto* challenge =
      train.add_subcommand("challenge", "From the challenge's data to a checked bundle: points, graders, calibration");
  auto options = std::make_shared<ChallengeCommand>();
  add_challenge_options(*challenge, *options);
  challenge->footer(kChallengeFooter);
  challenge->callback([options, &action] { action = [options] { return run_challenge(*options); }; });
}

}  // namespace lumbargrade::cli
