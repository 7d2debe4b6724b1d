#include "cli/commands.h"
#include "cli/train_options.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kPointsFooter = R"(The data folder is in the challenge's layout
  train_images/<study>/<series>/<n>.dcm
  train_label_coordinates.csv             study_id,series_id,instance_number,condition,level,x,y
  train_series_descriptions.csv           optional: study_id,series_id,series_description
Studies and points without coordinates are no error. training/out_of_fold_points.csv in --out holds every study's points
by networks that had not seen it, in the format of train_label_coordinates.csv.

Examples:
  lumbargrade train points --data rsna --out points
  lumbargrade train points --data rsna --out points --resume
  lumbargrade train points --data phantom --folds 0 --iterations 900 --out points)";

void add_point_options(CLI::App& command, PointTraining& training) {
  command.option_defaults()->group("Data");
  command.add_option("--data", training.data.data, "Folder in the challenge's layout")
      ->required()
      ->check(CLI::ExistingDirectory);
  command.add_option("--bundle", training.data.bundle,
                     "Bundle whose locator finds the levels; the new one is built on it (default: the shipped one)");
  command
      .add_option("--folds", training.folds,
                  "Hold out every study once, in so many parts, each by a network of its own; 0 trains one on all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--fold", training.fold, "Only this part, from 0 (default: all)");
  command.add_option("--cache", training.data.cache, "Folder for the cut crops (default: crops/ in --out)");
  command.add_option("--init", training.init, "Bundle whose points networks are begun with (default: random weights)")
      ->check(CLI::ExistingDirectory)
      ->group("Training");
  add_step_options(command, training, "Steps of each network", 512);
  add_resume_option(command, training);
  add_training_options(command, training);
}

}  // namespace

void add_train_points_command(CLI::App& train, Action& action) {
  add_trainer(train, action, {"points", "Train the networks that find canal, foramina and recesses", kPointsFooter},
              add_point_options, &TrainingCommands::train_points);
}

}  // namespace lumbargrade::cli
