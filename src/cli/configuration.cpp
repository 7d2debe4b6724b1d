#include "cli/configuration.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "core/error.h"

namespace lumbargrade::cli {
namespace {

// What belongs to a machine more than to a run.
constexpr std::array<std::string_view, 8> kWithVariable = {"bundle", "device",       "precision",         "threads",
                                                           "jobs",   "memory-limit", "timeout-per-study", "progress"};

constexpr const char* kFileVariable = "LUMBARGRADE_CONFIG";

bool has_variable(std::string_view option) {
  return std::find(kWithVariable.begin(), kWithVariable.end(), option) != kWithVariable.end();
}

/// LUMBARGRADE_MEMORY_LIMIT for memory-limit.
std::string variable_of(std::string_view option) {
  std::string name = "LUMBARGRADE_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool is_set(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  return value != nullptr && *value != '\0';
}

/// CLI11 lets a file win over variables: what a variable gives is taken out of the file.
class VariablesFirst : public CLI::ConfigBase {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> given = CLI::ConfigBase::from_config(input);
    std::erase_if(
        given, [](const CLI::ConfigItem& item) { return has_variable(item.name) && is_set(variable_of(item.name)); });
    return given;
  }
};

/// Calls `visit` with each option that has a variable, of the program and of the commands that `arguments` name.
void for_options_with_variable(CLI::App& command, const std::vector<std::string>& arguments,
                               const std::function<void(CLI::Option&, const std::string& variable)>& visit) {
  for (CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (has_variable(name)) visit(*option, variable_of(name));
    }
  }
  const auto is_named = [&](const CLI::App* inner) {
    return std::find(arguments.begin(), arguments.end(), inner->get_name()) != arguments.end();
  };
  for (CLI::App* inner : command.get_subcommands(std::function<bool(CLI::App*)>(is_named))) {
    for_options_with_variable(*inner, arguments, visit);
  }
}

/// CLI11 2.4 passes over a variable whose value the option does not take; 2.1 tells. This tells, by any version.
void refuse_wrong_values(CLI::App& program, const std::vector<std::string>& arguments) {
  for_options_with_variable(program, arguments, [](CLI::Option& option, const std::string& variable) {
    if (option.count() > 0 || !is_set(variable)) return;
    option.add_result(std::getenv(variable.c_str()));
    option.run_callback();
  });
}

}  // namespace

void add_configuration(CLI::App& program, const std::vector<std::string>& arguments) {
  const std::string usual = is_set(kFileVariable) ? std::getenv(kFileVariable) : "";
  if (!usual.empty() && !std::filesystem::is_regular_file(usual)) {
    throw Error(ErrorKind::Usage, text(kFileVariable, " names no file: ", usual));
  }
  program
      .set_config("--config", usual,
                  text("TOML file with options, a section [COMMAND] for each command; also ", kFileVariable))
      ->type_name("FILE");
  program.config_formatter(std::make_shared<VariablesFirst>());
  program.allow_config_extras(CLI::config_extras_mode::error);
  for_options_with_variable(program, arguments,
                            [](CLI::Option& option, const std::string& variable) { option.envname(variable); });
  program.final_callback([&program, arguments] { refuse_wrong_values(program, arguments); });
}

std::string configuration_fault(const CLI::App& program, const CLI::ParseError& error) {
  constexpr std::string_view kUnknown = "INI was not able to parse ";  // CLI11's words, of TOML files too
  const std::string what = error.what();
  if (error.get_name() != "ConfigError" || !what.starts_with(kUnknown)) return "";
  const CLI::Option* file = program.get_config_ptr();
  return text("configuration file ", file != nullptr && !file->empty() ? file->as<std::string>() : "", ": \"",
              what.substr(kUnknown.size()),
              "\" is no option of its section's command. Sections are [grade], [batch] and so on; the options of "
              "each are those that `lumbargrade COMMAND --help` lists, without --.\n");
}

}  // namespace lumbargrade::cli
