#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "cli/commands.h"
#include "cli/configuration.h"
#include "cli/suggestion.h"
#include "core/error.h"
#include "core/log.h"
#include "core/printable_text.h"

namespace lumbargrade::cli {
namespace {

constexpr int kUsageExitCode = static_cast<int>(ErrorKind::Usage);

struct GlobalOptions {
  int verbosity = 0;
  bool quiet = false;
};

LogLevel log_level(const GlobalOptions& options) {
  if (options.quiet) return LogLevel::Error;
  return options.verbosity > 0 ? LogLevel::Debug : LogLevel::Info;
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_flag("-v,--verbose", options.verbosity, "Verbose logging to stderr: resolved options, every decision");
  app.add_flag("-q,--quiet", options.quiet, "Log errors only");
  app.set_version_flag("--version", version_text);
  app.require_subcommand(1);
  app.fallthrough();
}

/// Arguments may be names of files, which the shell put in: they steer no terminal.
void print_lines(const std::string& lines) {
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) std::cerr << printable(line) << '\n';
}

/// Tells help, version, or what is wrong with the arguments. Returns the exit code.
int told(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  std::ostringstream complaint;
  // CLI11's own codes start at 100; help and version are successes.
  if (app.exit(error, std::cout, complaint) == 0) return 0;
  const std::string about_file = configuration_fault(app, error);
  print_lines((about_file.empty() ? complaint.str() : about_file) + suggestion(app, arguments));
  return kUsageExitCode;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Grades lumbar spine MRI: canal, foraminal and subarticular stenosis per level.\n"
      "Research use only, not for clinical use.",
      "lumbargrade"};
  GlobalOptions options;
  Action action;
  add_global_options(app, options);
  add_grade_command(app, action);
  add_crops_command(app, action);
  add_train_command(app, action);
  add_inspect_command(app, action);
  add_batch_command(app, action);
  add_submission_command(app, action);
  add_merge_command(app, action);
  add_node_command(app, action);
  add_worker_command(app, action);
  add_model_command(app, action);
  add_bundle_command(app, action);
  add_score_command(app, action);
  add_phantom_command(app, action);
  add_about_commands(app, action);
  add_configuration(app, {argv + 1, argv + argc});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return told(app, error, {argv + 1, argv + argc});
  }
  set_up_logging(log_level(options));
  return action();
}

int exit_code_of(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    log_error(error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    log_error(text("unexpected failure: ", error.what()));
    return static_cast<int>(ErrorKind::Failure);
  }
}

/// Ends the process at once: LibTorch takes a tenth of a second to unregister its operators one by one.
[[noreturn]] [[maybe_unused]] void leave(int exit_code) {
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

}  // namespace
}  // namespace lumbargrade::cli

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond ulimit -f is an error of its write, not the end of the process
  lumbargrade::set_up_logging(lumbargrade::LogLevel::Info);
  const int exit_code = lumbargrade::cli::exit_code_of(argc, argv);
#ifndef __SANITIZE_ADDRESS__  // which looks for leaks on the ordinary way out
  lumbargrade::cli::leave(exit_code);
#endif
  return exit_code;
}
