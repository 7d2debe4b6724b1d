#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

namespace lumbargrade::cli {

/// What the parsed command line asks for: runs it and returns the exit code. Errors leave it as lumbargrade::Error.
using Action = std::function<int()>;

/// Every command registers its subcommand and options on `app`, and sets `action` when it was chosen.
/// One file per command: an options struct, `add_<command>` and `run_<command>(const Options&)`.
void add_about_commands(CLI::App& app, Action& action);  ///< help, version, info, completion, man
void add_batch_command(CLI::App& app, Action& action);
void add_bundle_command(CLI::App& app, Action& action);
void add_train_command(CLI::App& app, Action& action);
void add_train_challenge_command(CLI::App& train, Action& action);  ///< below `train`
void add_train_grader_command(CLI::App& train, Action& action);     ///< below `train`
void add_train_measures_command(CLI::App& train, Action& action);   ///< below `train`
void add_train_points_command(CLI::App& train, Action& action);     ///< below `train`
void add_crops_command(CLI::App& app, Action& action);
void add_grade_command(CLI::App& app, Action& action);
void add_inspect_command(CLI::App& app, Action& action);
void add_merge_command(CLI::App& app, Action& action);
void add_model_command(CLI::App& app, Action& action);
void add_model_card_command(CLI::App& model, Action& action);  ///< below `model`
void add_node_command(CLI::App& app, Action& action);
void add_phantom_command(CLI::App& app, Action& action);
void add_score_command(CLI::App& app, Action& action);
void add_submission_command(CLI::App& app, Action& action);
void add_worker_command(CLI::App& app, Action& action);

/// Ends what a command wrote to standard output. Throws Error (Failure) where not all of it arrived: the disk is full,
/// or a pipe was closed.
void flush_output();

/// "lumbargrade 0.1.0 (commit abc, LibTorch 2.11.0, CPU)".
std::string version_text();

/// The same by name: version, commit, libtorch, devices, compiler.
std::map<std::string, std::string> version_parts();

}  // namespace lumbargrade::cli
