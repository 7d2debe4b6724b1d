#include "bundle/model_card.h"

#include <memory>

#include "bundle/manifest.h"
#include "cli/commands.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCardFile = "MODEL_CARD.md";

struct CardOptions {
  fs::path bundle;
  fs::path card_template;
  bool force = false;
};

int write_card(const CardOptions& options) {
  const Manifest manifest = read_manifest(options.bundle);
  std::string card_template(plain_card_template());
  if (!options.card_template.empty()) {
    const auto content = file_text(options.card_template);
    if (!content) throw Error(ErrorKind::Usage, text("cannot read ", options.card_template.string()));
    card_template = *content;
  }
  const fs::path path = options.bundle / kCardFile;
  refuse_to_overwrite(path, options.force);
  write_file_atomically(path, model_card(manifest, options.bundle, card_template, options.card_template.string()));
  log_info("wrote " + path.string());
  return 0;
}

}  // namespace

void add_model_card_command(CLI::App& model, Action& action) {
  auto options = std::make_shared<CardOptions>();
  CLI::App* command = model.add_subcommand("card", "Write MODEL_CARD.md of what the manifest and the tables say");
  command->add_option("BUNDLE", options->bundle, "Folder of the bundle")
      ->required()
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  command->add_flag("--force", options->force, "Overwrite the card that the bundle has");
  command
      ->add_option("--template", options->card_template,
                   "Markdown with fields, such as models/cards/default.md (default: plain tables)")
      ->check(CLI::ExistingFile);
  command->callback([options, &action] { action = [options] { return write_card(*options); }; });
}

}  // namespace lumbargrade::cli
