#include <algorithm>
#include <memory>

#include "bundle/manifest.h"
#include "cli/commands.h"
#include "cli/training/training_commands.h"
#include "core/error.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kImportFooter =
    R"(The network was trained on what `lumbargrade crops --export` wrote, and saved with
  torch.export.save(torch.export.export(model.eval(), (x,), dynamic_shapes=({0: Dim("n", min=1, max=64)},)), "m.pt2")
docs/pytorch.md and examples/pytorch show the whole way.

Examples:
  lumbargrade bundle import --exported m.pt2 --golden m.safetensors --crops crops --condition canal --out-of-fold oof.csv --out mine
  lumbargrade bundle import --exported f0.pt2 f1.pt2 --golden f0.safetensors f1.safetensors --crops crops --condition foraminal \
    --out-of-fold oof.csv --bundle mine --out mine2)";

struct ImportOptions {
  NetworkImport import;
  std::string condition;
};

void add_network_options(CLI::App& command, ImportOptions& options) {
  NetworkImport& import = options.import;
  command.option_defaults()->group("Network");
  command
      .add_option("--exported", import.exported, "Networks as torch.export.save wrote them: one, or one for each fold")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command
      .add_option("--golden", import.golden,
                  "Safetensors with input.<view> and output.grade, the probabilities that PyTorch gives; by network")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command.add_option("--layout", import.layout, "How the slices of a crop come to it")
      ->check(CLI::IsMember({"channels", "sequence", "volume", "batch"}))
      ->capture_default_str();
  command.add_option("--argument", import.arguments, "Its arguments in order, VIEW or VIEW.valid (default: the views)")
      ->type_name("NAME");
  command.add_option("--colours", import.colours, "How many times it takes each slice")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  command.add_option("--answers", import.answers, "What it gives")
      ->check(CLI::IsMember({"logits", "probabilities"}))
      ->capture_default_str();
  command.add_option("--mean", import.mean, "Greys from 0 to 1 come minus this (default: each crop to mean 0, SD 1)");
  command.add_option("--deviation", import.deviation, "and divided by this");
}

void add_data_options(CLI::App& command, ImportOptions& options) {
  NetworkImport& import = options.import;
  command.option_defaults()->group("Data");
  command.add_option("--crops", import.crops, "Folder that `lumbargrade crops --export` wrote")
      ->required()
      ->check(existing_input("the folder that crops --export wrote"));
  command.add_option("--condition", options.condition, "What it grades: canal, foraminal or subarticular")->required();
  command.add_option("--view", import.views, "Views of these crops that it takes, in order (default: all)")
      ->type_name("NAME");
  command.add_option("--entry", import.entry, "Folder in --crops, where the condition has several");
  command
      .add_option("--out-of-fold", import.out_of_fold,
                  "Table row_id,normal_mild,moderate,severe: what it says of findings that it did not learn from")
      ->required()
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command
      .add_option("--bundle", import.bundle, "Bundle that is extended (default: the shipped one); it is not changed")
      ->type_name("DIR");
  command.add_flag("--beside", import.beside,
                   "Keep the bundle's networks of the condition too; --out-of-fold is then of all of them together");
  command.add_option("--card", import.card, "JSON with name, version, licence, attribution and training_data")
      ->check(CLI::ExistingFile);
  command.add_option("-o,--out,--output", import.out, "Folder that becomes the bundle")->required();
}

int run_import(ImportOptions options) {
  const auto condition = std::find_if(kConditions.begin(), kConditions.end(), [&](Condition one) {
    return options.condition == grading_role(one) || options.condition == condition_key(one);
  });
  if (condition == kConditions.end()) {
    throw Error(ErrorKind::Usage, text("--condition is canal, foraminal or subarticular, not ", options.condition));
  }
  options.import.condition = *condition;
  training_commands().import_network(options.import);
  return 0;
}

}  // namespace

void add_bundle_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* bundle = app.add_subcommand("bundle", "Make a model bundle of networks that were trained elsewhere");
  bundle->require_subcommand(1);
  CLI::App* command =
      bundle->add_subcommand("import", "Calibrate networks exported from PyTorch and put them into a bundle");
  add_network_options(*command, *options);
  add_data_options(*command, *options);
  command->footer(kImportFooter);
  command->callback([options, &action] { action = [options] { return run_import(*options); }; });
}

}  // namespace lumbargrade::cli
