#include <memory>

#include "cli/commands.h"
#include "cli/grade_options.h"
#include "core/error.h"
#include "pipeline/device.h"
#include "training/segmentation/canal_trainer.h"
#include "training/segmentation/locator_trainer.h"

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

void add_locator_options(CLI::App& command, LocatorTraining& training) {
  command.add_option("--data", training.data, "Folder with images, masks and tables")->required()->group("Data");
  command.add_option("--unlabelled", training.unlabelled, "Folder of mid-sagittal PNGs to learn from without labels")
      ->group("Data");
  command.add_option("--out", training.out, "Folder that becomes the bundle; log and figures in its training/")
      ->required()
      ->group("Data");
  command.add_option("--folds", training.folds, "Hold out every n-th study; 0 trains on all")
      ->capture_default_str()
      ->group("Data");
  command.add_option("--fold", training.fold, "Which part is held out, from 0")->capture_default_str()->group("Data");
  command.add_option("--study-offset", training.study_offset, "Study id minus patient number of an unlabelled image")
      ->capture_default_str()
      ->group("Data");
  command
      .add_option("--cross-validation", training.cross_validation,
                  "Folders (--out) of fold runs; they give the figures of the bundle")
      ->group("Data");
  command
      .add_option("--card", training.card,
                  "JSON with name, licence, attribution, training data and further figures of the bundle")
      ->check(CLI::ExistingFile)
      ->group("Data");
  command.add_option("--init", training.init, "Weights to begin with, a bundle's safetensors (default: random)")
      ->check(CLI::ExistingFile)
      ->group("Training");
  command.add_option("--iterations", training.iterations, "Steps on labelled slices")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--self-iterations", training.self_iterations, "Steps of self-training")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->group("Training");
  command.add_option("--batch", training.batch, "Crops per step")
      ->capture_default_str()
      ->check(CLI::Range(2, 256))
      ->group("Training");
  command.add_option("--rate", training.rate, "Peak learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--self-rate", training.self_rate, "Peak learning rate of self-training")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--seed", training.seed, "Seed of weights and crops")->capture_default_str()->group("Training");
  command.add_option("--checkpoint-every", training.checkpoint_every, "Steps between checkpoints")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_flag("--resume", training.resume, "Go on from the checkpoint in --out")->group("Training");
  add_device_option(command, training.device)->group("Machine");
  command.add_option("--threads", training.threads, "CPU threads of the network")
      ->capture_default_str()
      ->check(CLI::Range(1, 256))
      ->group("Machine");
  command
      .add_flag("--bfloat16,!--float32", training.bfloat16,
                "Mixed precision (faster where the CPU has bfloat16 instructions); default on")
      ->group("Machine");
}

constexpr const char* kCanalFooter = R"(The data folder is that of `lumbargrade train locator`.

Examples:
  lumbargrade train canal --data spider --locator models/default --out canal0 --folds 3 --fold 0
  lumbargrade train canal --data spider --locator models/default --out bundle --cross-validation canal0 canal1 canal2)";

void add_canal_options(CLI::App& command, CanalTraining& training) {
  command.add_option("--data", training.data, "Folder with images, masks and tables")->required()->group("Data");
  command.add_option("--locator", training.locator, "Bundle whose locator finds the discs; the new one is built on it")
      ->required()
      ->group("Data");
  command.add_option("--out", training.out, "Folder that becomes the bundle; log and figures in its training/")
      ->required()
      ->group("Data");
  command.add_option("--folds", training.folds, "Hold out every n-th study; 0 trains on all")
      ->capture_default_str()
      ->group("Data");
  command.add_option("--fold", training.fold, "Which part is held out, from 0")->capture_default_str()->group("Data");
  command
      .add_option("--cross-validation", training.cross_validation,
                  "Folders (--out) of fold runs; they give the figures of the bundle")
      ->group("Data");
  command.add_option("--card", training.card, "JSON that describes the bundle, in place of --locator's description")
      ->check(CLI::ExistingFile)
      ->group("Data");
  command.add_option("--init", training.init, "Weights to begin with, a bundle's safetensors (default: random)")
      ->check(CLI::ExistingFile)
      ->group("Training");
  command.add_option("--iterations", training.iterations, "Steps")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--batch", training.batch, "Crops per step")
      ->capture_default_str()
      ->check(CLI::Range(2, 256))
      ->group("Training");
  command.add_option("--rate", training.rate, "Peak learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--seed", training.seed, "Seed of weights and crops")->capture_default_str()->group("Training");
  command.add_option("--checkpoint-every", training.checkpoint_every, "Steps between checkpoints")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_flag("--resume", training.resume, "Go on from the checkpoint in --out")->group("Training");
  add_device_option(command, training.device)->group("Machine");
  command.add_option("--threads", training.threads, "CPU threads of the network")
      ->capture_default_str()
      ->check(CLI::Range(1, 256))
      ->group("Machine");
  command
      .add_flag("--bfloat16,!--float32", training.bfloat16,
                "Mixed precision (faster where the CPU has bfloat16 instructions); default off")
      ->group("Machine");
}

/// What both kinds of training ask of their folders and folds.
template <typename Training>
void check_training(const Training& training) {
  if (training.folds != 0 && (training.folds < 2 || training.fold < 0 || training.fold >= training.folds)) {
    throw Error(ErrorKind::Usage, text("--fold ", training.fold, " of --folds ", training.folds,
                                       " does not exist; give --folds N (2 or more) and --fold 0 ... N-1"));
  }
  if (!training.resume && std::filesystem::exists(training.out) && !std::filesystem::is_empty(training.out)) {
    throw Error(ErrorKind::Usage, text(training.out.string(), " is not empty; give another --out, or --resume"));
  }
}

}  // namespace

void add_train_command(CLI::App& app, Action& action) {
  auto* train = app.add_subcommand("train", "Train the networks of a bundle");
  train->require_subcommand(1);
  auto* locator = train->add_subcommand("locator", "Train the network that finds discs, vertebrae and the canal");
  auto training = std::make_shared<LocatorTraining>();
  add_locator_options(*locator, *training);
  locator->footer(kLocatorFooter);
  locator->callback([training, &action] {
    action = [training] {
      check_training(*training);
      training->device = ready_device(training->device);
      train_locator(*training);
      return 0;
    };
  });
  auto* canal = train->add_subcommand("canal", "Train the network that draws the canal's outline finely");
  auto outline = std::make_shared<CanalTraining>();
  add_canal_options(*canal, *outline);
  canal->footer(kCanalFooter);
  canal->callback([outline, &action] {
    action = [outline] {
      check_training(*outline);
      outline->device = ready_device(outline->device);
      train_canal(*outline);
      return 0;
    };
  });
  add_train_grader_command(*train, action);
  add_train_measures_command(*train, action);
}

}  // namespace lumbargrade::cli
