#include <memory>

#include "cli/commands.h"
#include "cli/networks/network_commands.h"
#include "cli/train_options.h"
#include "core/error.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kFooter = R"(The data folder is in the challenge's layout
  train_images/<study>/<series>/<n>.dcm
  train.csv                               study_id and 25 columns of Normal/Mild, Moderate, Severe
  train_series_descriptions.csv           optional: study_id,series_id,series_description
  train_label_coordinates.csv             optional: where the findings are; without it the locator's points are used

Recipes by name: fast, strong, ensemble, phantom, phantom_full; docs/recipes.md explains their keys.

Examples:
  lumbargrade train grader --data rsna --recipe fast --out fast
  lumbargrade train grader --data rsna --recipe fast --out fast --resume
  lumbargrade train grader --data rsna --recipe strong --init convnext_small.safetensors --device cuda --out strong)";

struct Options {
  GraderTrainingOptions training;
  std::string recipe;
  std::string points = "given";
};

void add_grader_training_options(CLI::App& command, Options& options) {
  GraderTrainingOptions& training = options.training;
  command.add_option("--data", training.data.data, "Folder in the challenge's layout")
      ->required()
      ->check(CLI::ExistingDirectory)
      ->group("Data");
  command
      .add_option("--recipe", options.recipe,
                  "Recipe: networks, views, augmentation, optimisation (JSON file, or the name of a shipped one)")
      ->type_name("FILE")
      ->required()
      ->group("Data");
  command
      .add_option("--points", options.points,
                  "Centre training crops on the data set's coordinates where it has them "
                  "(given), or on the locator's points (predicted)")
      ->check(CLI::IsMember({"given", "predicted"}))
      ->capture_default_str()
      ->group("Data");
  command
      .add_option("--base", training.data.base_bundle,
                  "Bundle whose locator and measures are used (default: the shipped one)")
      ->group("Data");
  command.add_option("--cache", training.data.cache, "Folder for the cut crops (default: crops/ in --out)")
      ->group("Data");
  command.add_option("--init", training.init, "Backbone weights under timm's names, safetensors (default: random)")
      ->check(CLI::ExistingFile)
      ->group("Training");
  command
      .add_option("--unlabelled", training.data.unlabelled,
                  "More studies in the challenge's layout, without labels: what the networks are sure of in them is "
                  "learned from too (pseudo-labels)")
      ->check(CLI::ExistingDirectory)
      ->group("Data");
  command.add_flag("--deterministic", training.deterministic, "Same weights on every run with as many threads")
      ->group("Training");
  add_training_options(command, training);
}

int run(Options& options) {
  GraderTrainingOptions& training = options.training;
  training.data.points = options.points == "given" ? TrainingPoints::Given : TrainingPoints::Predicted;
  return network_commands().train_grader(training, options.recipe);
}

}  // namespace

void add_train_grader_command(CLI::App& train, Action& action) {
  auto* grader = train.add_subcommand("grader", "Train the networks that grade, and make a bundle of them");
  auto options = std::make_shared<Options>();
  add_grader_training_options(*grader, *options);
  grader->footer(kFooter);
  grader->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace lumbargrade::cli
