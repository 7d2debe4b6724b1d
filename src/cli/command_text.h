#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lumbargrade::cli {

/// An option or positional argument as help, completions and the manual page tell it.
struct OptionText {
  std::vector<std::string> names;  ///< "-o", "--output"; of a positional argument its name alone
  std::string value;               ///< "FILE"; empty for a flag
  std::vector<std::string> choices;
  std::string description;
  bool is_positional = false;
};

/// A command as it was registered, hidden ones left out.
struct CommandText {
  std::vector<std::string> words;  ///< {"train", "grader"}; empty for the program itself
  std::string description;
  std::string footer;
  std::vector<OptionText> options;
  std::vector<CommandText> commands;
};

CommandText command_text(const CLI::App& program);

/// The program and all commands below it, each before its own.
std::vector<CommandText> all_commands(const CommandText& program);

}  // namespace lumbargrade::cli
