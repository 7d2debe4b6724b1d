#include "cli/command_text.h"

#include <sstream>

#include "core/error.h"

namespace lumbargrade::cli {
namespace {

/// "{csv,table}" within the type that CLI11 shows.
std::vector<std::string> choices_in(const std::string& type) {
  const size_t first = type.find('{'), last = type.find('}');
  if (first == std::string::npos || last == std::string::npos || last < first) return {};
  std::vector<std::string> choices;
  std::istringstream list(type.substr(first + 1, last - first - 1));
  for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
  return choices;
}

/// "INT in [0 - 1024]" says less than "INT" beside a description.
std::string value_name(const std::string& type) {
  const std::string name = type.substr(0, type.find_first_of(":{[ "));
  return name.empty() ? "VALUE" : name;
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  text.is_positional = option.get_positional();
  if (text.is_positional) {
    text.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  }
  const std::string type = option.get_type_name();
  const bool is_flag = option.get_items_expected_max() == 0;
  if (!is_flag && !text.is_positional) text.value = value_name(type);
  text.choices = choices_in(type);
  text.description = option.get_description();
  return text;
}

CommandText text_of(const CLI::App& command, const std::vector<std::string>& words) {
  CommandText text{words, command.get_description(), command.get_footer(), {}, {}};
  for (const CLI::Option* option : command.get_options()) text.options.push_back(text_of(*option));
  for (const CLI::App* inner : command.get_subcommands({})) {
    if (inner->get_group().empty()) continue;
    std::vector<std::string> inner_words = words;
    inner_words.push_back(inner->get_name());
    text.commands.push_back(text_of(*inner, inner_words));
  }
  return text;
}

}  // namespace

CommandText command_text(const CLI::App& program) {
  return text_of(program, {});
}

std::vector<CommandText> all_commands(const CommandText& program) {
  std::vector<CommandText> all = {program};
  for (const CommandText& command : program.commands) {
    for (CommandText& inner : all_commands(command)) all.push_back(std::move(inner));
  }
  return all;
}

}  // namespace lumbargrade::cli
