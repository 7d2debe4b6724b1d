#include <algorithm>
#include <iostream>

#include "bundle/find_bundle.h"
#include "cli/commands.h"
#include "cli/training/training_commands.h"
#include "core/error.h"
#include "core/number_text.h"
#include "pipeline/device.h"
#include "training/challenge/challenge_training.h"
#include "training/grader/ensemble_training.h"
#include "training/grader/training_plan.h"
#include "training/segmentation/canal_trainer.h"
#include "training/segmentation/locator_trainer.h"

// The table of liblumbargrade_training.so.
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

TrainingJob parse_job(const std::string& word) {
  const size_t colon = word.find(':');
  const auto entry = number_from<size_t>(word.substr(0, colon));
  const auto fold = colon == std::string::npos ? std::nullopt : number_from<int>(word.substr(colon + 1));
  if (entry && fold) return {*entry, *fold};
  throw Error(ErrorKind::Usage, text("--only ", word, " is no job; it takes ENTRY:FOLD, such as 0:1"));
}

void run_train_challenge(const ChallengeCommand& options) {
  ChallengeTraining training{completed(options), options.point_iterations};
  if (options.list_jobs) {
    for (int round = 0; round < training.rounds(); ++round) {
      for (const TrainingJob& job : training.jobs()) std::cout << job.name() << "\n";
    }
    return flush_output();
  }
  if (options.plan) return print(plan_text(plan_training(training)));
  if (!options.only.empty()) training.only = parse_job(options.only);
  train_challenge(std::move(training));
}

void run_train_grader(const GraderTrainingCommand& command) {
  train_ensemble(completed(command));
}

void run_train_points(PointTraining training) {
  training.device = ready_device(training.device);
  training.data.threads = training.threads;
  if (training.data.cache.empty()) training.data.cache = training.out / "crops";
  train_points(training);
}

void run_train_locator(LocatorTraining training) {
  training.device = ready_device(training.device);
  train_locator(training);
}

void run_train_canal(CanalTraining training) {
  training.device = ready_device(training.device);
  train_canal(training);
}

void run_export_crops(const CropExportCommand& command) {
  CropExport exported = command.exported;
  exported.recipe = read_recipe(find_recipe(command.recipe));
  exported.data.base_bundle = command.grader.bundle.value_or("");
  exported.data.threads = command.grader.threads > 0 ? command.grader.threads : 2;
  export_crops(exported);
}

}  // namespace
}  // namespace lumbargrade::cli

/// What training_commands() looks for.
extern "C" const lumbargrade::cli::TrainingCommands* lumbargrade_training_commands() {
  using namespace lumbargrade;
  static constexpr cli::TrainingCommands kCommands = {.train_locator = cli::run_train_locator,
                                                      .train_canal = cli::run_train_canal,
                                                      .train_points = cli::run_train_points,
                                                      .train_grader = cli::run_train_grader,
                                                      .train_challenge = cli::run_train_challenge,
                                                      .train_measures = train_measures,
                                                      .import_network = import_network,
                                                      .export_crops = cli::run_export_crops};
  return &kCommands;
}
