#include "cli/suggestion.h"

#include <algorithm>

#include "core/nearest_name.h"

namespace lumbargrade::cli {
namespace {

using Names = std::vector<std::string>;

void append_long_options(const CLI::App& app, Names& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
}

Names commands(const CLI::App& app) {
  Names names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

Names long_options(const CLI::App& app, const std::string& chosen) {
  Names names;
  append_long_options(app, names);
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == chosen) append_long_options(*command, names);
  }
  return names;
}

std::string line_for(const std::string& word, const Names& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return "";
  // "--out" is the beginning of one name more often than a misspelling of another.
  const auto longer =
      std::find_if(known.begin(), known.end(), [&](const auto& name) { return name.starts_with(word); });
  const std::string nearest = longer != known.end() && word.size() > 3 ? *longer : nearest_name(word, known);
  return nearest.empty() ? "" : "Unknown " + word + ": did you mean " + nearest + "?\n";
}

/// Two arguments one after the other that are no options: grade A B.
bool has_several_places(const Names& arguments) {
  const auto first = std::find(arguments.begin(), arguments.end(), "grade");
  const auto is_place = [&](std::ptrdiff_t i) { return arguments.end() - first > i && !(first + i)->starts_with("-"); };
  return is_place(1) && is_place(2);
}

}  // namespace

std::string suggestion(const CLI::App& app, const Names& arguments) {
  const auto first =
      std::find_if(arguments.begin(), arguments.end(), [](const auto& a) { return !a.starts_with("-"); });
  const std::string chosen = first == arguments.end() ? "" : *first;
  std::string lines = chosen.empty() ? "" : line_for(chosen, commands(app));
  const Names options = long_options(app, chosen);
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.size() > 2) {
      lines += line_for(argument.substr(0, argument.find('=')), options);
    }
  }
  if (chosen == "grade" && has_several_places(arguments)) {
    lines += "`lumbargrade grade` takes one study; `lumbargrade batch` takes a folder or a list of studies.\n";
  }
  return lines;
}

}  // namespace lumbargrade::cli
