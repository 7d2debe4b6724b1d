#include "node/node.h"

#include <iostream>

#include "cli/batch_options.h"
#include "cli/commands.h"
#include "cli/networks/network_commands.h"
#include "core/error.h"
#include "core/log.h"
#include "node/check.h"
#include "node/spool.h"
#include "node/status.h"

namespace lumbargrade::cli {
namespace {

struct NodeCommand {
  std::string configuration;
  bool check = false;
  bool status = false;
  bool mercure = false;
};

int print_status(const node::Configuration& configuration) {
  const node::StatusAnswer answer = node::read_status(configuration);
  std::cout << answer.json << std::flush;
  if (!answer.is_running) log_warning("the node is not running");
  return answer.is_running ? 0 : static_cast<int>(ErrorKind::Failure);
}

/// What the workers of `batch` are to do for this node.
BatchArguments arguments_of(const node::Configuration& configuration) {
  BatchArguments arguments;
  if (!configuration.bundle.empty()) arguments.worker.grader.bundle = configuration.bundle;
  arguments.worker.grader.threads = configuration.threads;
  arguments.worker.series.memory_limit_mib = configuration.memory_limit_mb;
  arguments.worker.reports = node::Spool(configuration.folder).results().string();
  arguments.worker.dicom = configuration.results;
  arguments.jobs = configuration.jobs;
  arguments.study_timeout_s = configuration.study_timeout_s;
  return arguments;
}

int run_node_command(const NodeCommand& command) {
  if (command.mercure) return network_commands().mercure();
  if (command.configuration.empty()) {
    throw Error(ErrorKind::Usage, "name the configuration of the node; scripts/node/node.conf is one to begin with");
  }
  const node::CheckedConfiguration checked = node::read_configuration(command.configuration);
  if (command.status) return print_status(checked.values);
  if (command.check) {
    std::cout << node::explanation(checked) << std::flush;
    return node::check_surroundings(checked.values) ? 0 : static_cast<int>(ErrorKind::Failure);
  }
  const BatchOptions options = resolved(arguments_of(checked.values), checked.values.folder, checked.values.folder, {});
  node::run_node(checked.values, options.pool, options.identity, program_text());
  return 0;
}

}  // namespace

void add_node_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<NodeCommand>();
  CLI::App* command = app.add_subcommand("node", "Receive studies from a PACS, grade them, send the results back");
  command->add_option("CONFIGURATION", options->configuration, "File that says who may send, and where results go");
  CLI::Option* check =
      command->add_flag("--check", options->check, "Explain the configuration line by line, try it, start nothing");
  command->add_flag("--status", options->status, "Print status.json of the node; exit code 1 when it does not run")
      ->excludes(check);
  command->add_flag("--mercure", options->mercure,
                    "As a module of mercure instead: grade MERCURE_IN_DIR into MERCURE_OUT_DIR, once");
  command->footer(
      "SIGTERM or Ctrl-C ends it when what is at work is finished.\n"
      "Examples:\n"
      "  lumbargrade node --check node.conf\n"
      "  lumbargrade node node.conf\n"
      "  lumbargrade node --status node.conf\n"
      "docs/node.md sets it up. Research use only, not for clinical use.");
  command->callback([options, &action] { action = [options] { return run_node_command(*options); }; });
}

}  // namespace lumbargrade::cli
