#include "cli/commands.h"
#include "cli/train_options.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kGraderFooter = R"(The data folder is in the challenge's layout
  train_images/<study>/<series>/<n>.dcm
  train.csv                               study_id and 25 columns of Normal/Mild, Moderate, Severe
  train_series_descriptions.csv           optional: study_id,series_id,series_description
  train_label_coordinates.csv             optional: where the findings are; without it predicted points are used

Recipes by name: fast, strong, ensemble, place-1 to place-9, phantom, phantom_full; docs/recipes.md explains their keys.

Examples:
  lumbargrade train grader --data rsna --recipe fast --out fast
  lumbargrade train grader --data rsna --recipe fast --out fast --resume
  lumbargrade train grader --data rsna --recipe strong --init convnext_small.safetensors --device cuda --out strong)";

void add_resumable_grader_options(CLI::App& command, GraderTrainingCommand& options) {
  add_grader_training_options(command, options);
  add_resume_option(command, options.training);
}

}  // namespace

void add_train_grader_command(CLI::App& train, Action& action) {
  add_trainer(train, action, {"grader", "Train the networks that grade, and make a bundle of them", kGraderFooter},
              add_resumable_grader_options, &TrainingCommands::train_grader);
}

}  // namespace lumbargrade::cli
