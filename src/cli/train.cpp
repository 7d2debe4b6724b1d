#include "cli/commands.h"
#include "cli/train_options.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kLocatorFooter = R"(The data folder holds
  train_images/<study>/<series>/<n>.dcm   sagittal T2 series
  masks/<study>/<series>/<n>.png          0 background, 1 disc, 2 vertebral body, 3 canal
  disc_centres.csv                        study_id,series_id,instance_number,level,x,y (pixels)
  train_label_coordinates.csv             optional: canal points, to measure with
  canal_measurements.csv                  optional: study_id,level,ap_mm,reference_mm,ratio, to measure with

Examples:
  lumbargrade train locator --data spider --unlabelled spider/midsagittal --out bundle --cross-validation fold0 fold1 fold2
  lumbargrade train locator --data spider --out fold0 --folds 3 --fold 0
  lumbargrade train locator --data spider --unlabelled spider/midsagittal --out bundle --resume)";

constexpr const char* kCanalFooter = R"(The data folder is that of `lumbargrade train locator`.

Examples:
  lumbargrade train canal --data spider --locator models/default --out canal0 --folds 3 --fold 0
  lumbargrade train canal --data spider --locator models/default --out bundle --cross-validation canal0 canal1 canal2)";

/// What both networks that learn from labelled slices are told.
void add_segmentation_options(CLI::App& command, SegmentationTraining& training) {
  command.option_defaults()->group("Data");
  command.add_option("--data", training.data, "Folder with images, masks and tables")
      ->required()
      ->check(existing_input("the folder of a data set"));
  command.add_option("--folds", training.folds, "Hold out every n-th study; 0 trains on all")->capture_default_str();
  command.add_option("--fold", training.fold, "Which part is held out, from 0")->capture_default_str();
  command.add_option("--cross-validation", training.cross_validation,
                     "Folders (--out) of fold runs; they give the figures of the bundle");
  command.add_option("--init", training.init, "Weights to begin with, a bundle's safetensors (default: random)")
      ->check(CLI::ExistingFile)
      ->group("Training");
  add_step_options(command, training, "Steps on labelled slices", 256);
  add_training_options(command, training);
  add_resume_option(command, training);
}

void add_locator_options(CLI::App& command, LocatorTraining& training) {
  add_segmentation_options(command, training);
  command.option_defaults()->group("Data");
  command.add_option("--unlabelled", training.unlabelled, "Folder of mid-sagittal PNGs to learn from without labels");
  command.add_option("--study-offset", training.study_offset, "Study id minus patient number of an unlabelled image")
      ->capture_default_str();
  command.option_defaults()->group("Training");
  command.add_option("--self-iterations", training.self_iterations, "Steps of self-training")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--self-rate", training.self_rate, "Peak learning rate of self-training")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
}

void add_canal_options(CLI::App& command, CanalTraining& training) {
  add_segmentation_options(command, training);
  command.add_option("--locator", training.locator, "Bundle whose locator finds the discs; the new one is built on it")
      ->required()
      ->group("Data");
  command
      .add_option("--also", training.also,
                  "More folders like --data, such as of phantoms: learned from in every fold, never measured")
      ->check(existing_input("the folder of a data set"))
      ->group("Data");
}

}  // namespace

void add_train_command(CLI::App& app, Action& action) {
  auto* train = app.add_subcommand("train", "Train the networks of a bundle");
  train->require_subcommand(1);
  add_trainer(*train, action,
              {"locator", "Train the network that finds discs, vertebrae and the canal", kLocatorFooter},
              add_locator_options, &TrainingCommands::train_locator);
  add_trainer(*train, action, {"canal", "Train the network that draws the canal's outline finely", kCanalFooter},
              add_canal_options, &TrainingCommands::train_canal);
  add_train_points_command(*train, action);
  add_train_challenge_command(*train, action);
  add_train_grader_command(*train, action);
  add_train_measures_command(*train, action);
}

}  // namespace lumbargrade::cli
