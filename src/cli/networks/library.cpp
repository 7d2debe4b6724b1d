#include "cli/networks/run_commands.h"
#include "cli/report_options.h"
#include "node/mercure.h"
#include "pipeline/device.h"
#include "training/segmentation/canal_trainer.h"
#include "training/segmentation/locator_trainer.h"

// The table of liblumbargrade_networks.so.
namespace lumbargrade::cli {
namespace {

int run_train_locator(LocatorTraining training) {
  training.device = ready_device(training.device);
  train_locator(training);
  return 0;
}

int run_train_canal(CanalTraining training) {
  training.device = ready_device(training.device);
  train_canal(training);
  return 0;
}

int run_train_measures(const MeasureTraining& training) {
  train_measures(training);
  return 0;
}

int run_import_network(const NetworkImport& import) {
  import_network(import);
  return 0;
}

int run_mercure() {
  node::run_mercure_module(node::mercure_folders(), {}, program_text());
  return 0;
}

}  // namespace
}  // namespace lumbargrade::cli

/// kNetworkCommandsFunction.
extern "C" const lumbargrade::cli::NetworkCommands* lumbargrade_network_commands() {
  using namespace lumbargrade;
  static constexpr cli::NetworkCommands kCommands = {.grade = cli::run_grade,
                                                     .crops = cli::run_crops,
                                                     .model_info = cli::run_model_info,
                                                     .model_verify = cli::run_model_verify,
                                                     .train_locator = cli::run_train_locator,
                                                     .train_canal = cli::run_train_canal,
                                                     .train_points = cli::run_train_points,
                                                     .train_grader = cli::run_train_grader,
                                                     .train_challenge = cli::run_train_challenge,
                                                     .train_measures = cli::run_train_measures,
                                                     .import_network = cli::run_import_network,
                                                     .worker = run_worker,
                                                     .mercure = cli::run_mercure,
                                                     .load_grader = load_grader,
                                                     .ready_device = ready_device};
  return &kCommands;
}
