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

/// Refuses an input that does not exist (exit code 2, whatever the command); `wanted` says what to give instead.
CLI::Validator existing_input(const std::string& wanted);

/// Ends what a command wrote to standard output. Throws Error (Failure) where not all of it arrived: the disk is full,
/// or a pipe was closed.
void flush_output();

/// Writes to standard output, whole. Throws as flush_output.
void print(const std::string& content);

/// "lumbargrade 0.1.0 (commit abc, LibTorch 2.11.0, CPU)".
std::string version_text();

/// "lumbargrade 0.1.0".
std::string program_text();

/// What version_text() tells by name: version, commit, libtorch, devices, compiler.
std::map<std::string, std::string> version_parts();

}  // namespace lumbargrade::cli
