#include "cli/commands.h"
#include "cli/networks/network_commands.h"

namespace lumbargrade::cli {
namespace {

void add_options(CLI::App& command, ModelOptions& options) {
  command
      .add_option("BUNDLE", options.bundle,
                  "Folder of the bundle (default: $LUMBARGRADE_BUNDLE, else the installed one, else models/default)")
      ->type_name("DIR");
  command.add_flag("--json", options.json, "Write JSON (default: text)");
}

}  // namespace

void add_model_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ModelOptions>();
  CLI::App* model = app.add_subcommand("model", "Look at a model bundle, or check it");
  model->require_subcommand(1);
  model->footer(
      "Examples:\n  lumbargrade model info\n  lumbargrade model info --json my_bundle\n"
      "  lumbargrade model verify my_bundle\n  lumbargrade model card my_bundle --template models/cards/default.md");
  CLI::App* info = model->add_subcommand("info", "Say what a bundle holds, learned from and was measured to reach");
  add_options(*info, *options);
  info->callback([&action, options] { action = [options] { return network_commands().model_info(*options); }; });
  CLI::App* verify =
      model->add_subcommand("verify", "Check checksums, tensors and golden outputs; exit code 5 if one fails");
  add_options(*verify, *options);
  verify->callback([&action, options] { action = [options] { return network_commands().model_verify(*options); }; });
  add_model_card_command(*model, action);
}

}  // namespace lumbargrade::cli
