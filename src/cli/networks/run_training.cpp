#include <charconv>
#include <iostream>

#include "bundle/find_bundle.h"
#include "cli/commands.h"
#include "cli/networks/run_commands.h"
#include "core/error.h"
#include "pipeline/device.h"
#include "training/challenge/challenge_training.h"
#include "training/grader/ensemble_training.h"
#include "training/grader/training_plan.h"

namespace lumbargrade::cli {
namespace {

/// With recipe, device and cache filled in. Error (Usage) for a recipe that is none.
GraderTrainingOptions completed(const GraderTrainingCommand& command) {
  GraderTrainingOptions training = command.training;
  training.recipe = read_recipe(find_recipe(command.recipe));
  training.data.threads = training.threads;
  training.device = ready_device(training.device);
  if (training.data.cache.empty()) training.data.cache = training.out / "crops";
  return training;
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

}  // namespace

int run_train_challenge(const ChallengeCommand& options) {
  ChallengeTraining training{completed(options), options.point_iterations};
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

int run_train_grader(const GraderTrainingCommand& command) {
  train_ensemble(completed(command));
  return 0;
}

int run_train_points(PointTraining training) {
  training.device = ready_device(training.device);
  training.data.threads = training.threads;
  if (training.data.cache.empty()) training.data.cache = training.out / "crops";
  train_points(training);
  return 0;
}

}  // namespace lumbargrade::cli
