#include "cli/commands.h"
#include "cli/networks/run_commands.h"
#include "node/mercure.h"
#include "pipeline/device.h"

// The table of liblumbargrade_networks.so.
namespace lumbargrade::cli {
namespace {

int run_mercure() {
  node::run_mercure_module(program_text());
  return 0;
}

}  // namespace
}  // namespace lumbargrade::cli

/// What network_commands() looks for.
extern "C" const lumbargrade::cli::NetworkCommands* lumbargrade_network_commands() {
  using namespace lumbargrade;
  static constexpr cli::NetworkCommands kCommands = {.grade = cli::run_grade,
                                                     .crops = cli::run_crops,
                                                     .model_info = cli::run_model_info,
                                                     .model_verify = cli::run_model_verify,
                                                     .worker = run_worker,
                                                     .mercure = cli::run_mercure,
                                                     .load_grader = load_grader,
                                                     .ready_device = ready_device};
  return &kCommands;
}
