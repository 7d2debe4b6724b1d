#include <nlohmann/json.hpp>

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/networks/network_commands.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/wrapped_text.h"
#include "dicom/transfer_syntax.h"
#include "pipeline/device_name.h"

// Commands that tell of the program itself: help, version, info, completion, man.
namespace lumbargrade::cli {
namespace {

using AboutJson = nlohmann::ordered_json;

int print_about(const std::string& content) {
  print(content);
  return 0;
}

/// What is known of the bundle that would be used; its error where there is none.
AboutJson bundle_json() {
  try {
    const std::filesystem::path folder = find_bundle(std::nullopt);
    const Manifest manifest = read_manifest(folder);
    return {{"folder", folder.string()}, {"name", manifest.name}, {"version", manifest.version}};
  } catch (const Error& error) {
    return {{"error", error.what()}};
  }
}

AboutJson info_json(const CommandText& program) {
  AboutJson commands = AboutJson::array();
  for (const CommandText& command : all_commands(program)) {
    if (command.words.empty()) continue;
    commands.push_back({{"command", joined(command.words, " ")}, {"description", command.description}});
  }
  AboutJson syntaxes = AboutJson::array();
  for (const std::string& uid : dicom::readable_transfer_syntaxes()) {
    syntaxes.push_back({{"uid", uid}, {"name", dicom::describe_transfer_syntax(uid)}});
  }
  AboutJson devices = AboutJson::array({"cpu"});
  if (has_gpu_driver() && network_commands().ready_device("auto") != "cpu") devices.push_back("cuda");
  return {{"version", version_parts()},
          {"commands", commands},
          {"formats",
           {{"read", {"DICOM folder", "DICOM file", "DICOMDIR", "zip", "tar", "tar.gz"}},
            {"written", {"grades.csv", "studies.csv", "failures.csv", "run.json"}}}},
          {"transfer_syntaxes", syntaxes},
          {"devices", devices},
          {"bundles", AboutJson::array({bundle_json()})}};
}

std::string info_text(const AboutJson& info) {
  std::string lines = text(version_text(), "\n\ncommands\n");
  for (const AboutJson& command : info["commands"]) {
    lines += text("  ", command["command"].get<std::string>(), "\n      ",
                  wrapped(command["description"].get<std::string>(), 6), "\n");
  }
  lines += "\nreads\n";
  for (const AboutJson& format : info["formats"]["read"]) lines += text("  ", format.get<std::string>(), "\n");
  lines += "\ntransfer syntaxes\n";
  for (const AboutJson& syntax : info["transfer_syntaxes"])
    lines += text("  ", syntax["name"].get<std::string>(), "\n");
  lines += "\ndevices\n";
  for (const AboutJson& device : info["devices"]) lines += text("  ", device.get<std::string>(), "\n");
  lines += "\nbundle\n";
  for (const auto& [key, value] : info["bundles"][0].items())
    lines += text("  ", key, ": ", value.get<std::string>(), "\n");
  return lines;
}

std::string help_of(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* command = &program;
  for (const std::string& word : words) {
    const auto inner = command->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
    if (inner.empty()) throw Error(ErrorKind::Usage, text("no command \"", joined(words, " "), "\""));
    command = inner.front();
  }
  // App::help() would tell of the command that was parsed, which is `help`.
  const std::string name = words.empty() ? "lumbargrade" : text("lumbargrade ", joined(words, " "));
  return command->get_formatter()->make_help(command, name, CLI::AppFormatMode::Normal);
}

}  // namespace

void add_about_commands(CLI::App& app, Action& action) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Show the help of a command");
  help->add_option("COMMAND", *words, "Such as grade, or train grader (default: the program)");
  help->callback([&app, words, &action] { action = [&app, words] { return print_about(help_of(app, *words)); }; });

  auto as_json = std::make_shared<bool>(false);
  CLI::App* version = app.add_subcommand("version", "Show the version of the program and of what it is built on");
  version->add_flag("--json", *as_json, "Write JSON (default: text)");
  version->callback([as_json, &action] {
    action = [as_json] {
      return print_about(*as_json ? AboutJson(version_parts()).dump(2) + "\n" : version_text() + "\n");
    };
  });

  CLI::App* info = app.add_subcommand("info", "Show commands, formats, transfer syntaxes, devices and the bundle");
  info->add_flag("--json", *as_json, "Write JSON (default: text)");
  info->callback([&app, as_json, &action] {
    action = [&app, as_json] {
      const AboutJson json = info_json(command_text(app));
      return print_about(*as_json ? json.dump(2, ' ', false, AboutJson::error_handler_t::replace) + "\n"
                                  : info_text(json));
    };
  });

  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "Write the completion script of a shell");
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer(
      "Examples:\n"
      "  lumbargrade completion bash > ~/.local/share/bash-completion/completions/lumbargrade\n"
      "  lumbargrade completion zsh > ~/.zfunc/_lumbargrade\n"
      "  lumbargrade completion fish > ~/.config/fish/completions/lumbargrade.fish");
  completion->callback([&app, shell, &action] {
    action = [&app, shell] {
      const CommandText program = command_text(app);
      if (*shell == "bash") return print_about(bash_completion(program));
      return print_about(*shell == "zsh" ? zsh_completion(program) : fish_completion(program));
    };
  });

  CLI::App* manual = app.add_subcommand("man", "Write the manual page")->group("");
  manual->callback([&app, &action] {
    action = [&app] { return print_about(manual_page(command_text(app), version_parts().at("version"))); };
  });
}

}  // namespace lumbargrade::cli
