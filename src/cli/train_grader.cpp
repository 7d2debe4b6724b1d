#include <memory>

#include "cli/commands.h"
#include "cli/grader_training_options.h"
#include "cli/train_options.h"
#include "cli/training/training_commands.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kFooter = R"(The data folder is in the challenge's layout
  train_images/<study>/<series>/<n>.dcm
  train.csv                               study_id and 25 columns of Normal/Mild, Moderate, Severe
  train_series_descriptions.csv           optional: study_id,series_id,series_description
  train_label_coordinates.csv             optional: where the findings are; without it predicted points are used

Recipes by name: fast, strong, ensemble, place-1 to place-9, phantom, phantom_full; docs/recipes.md explains their keys.

Examples:
  lumbargrade train grader --data rsna --recipe fast --out fast
  lumbargrade train grader --data rsna --recipe fast --out fast --resume
  lumbargrade train grader --data rsna --recipe strong --init convnext_small.safetensors --device cuda --out strong)";

}  // namespace

void add_train_grader_command(CLI::App& train, Action& action) {
  auto* grader = train.add_subcommand("grader", "Train the networks that grade, and make a bundle of them");
  auto options = std::make_shared<GraderTrainingCommand>();
  add_grader_training_options(*grader, *options);
  add_resume_option(*grader, options->training);
  grader->footer(kFooter);
  grader->callback([options, &action] { action = [options] { return training_commands().train_grader(*options); }; });
}

}  // namespace lumbargrade::cli
