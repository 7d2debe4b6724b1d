#include "cli/commands.h"
#include "cli/existing_input.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"

namespace lumbargrade::cli {

void add_crops_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CropOptions>();
  CLI::App* command = app.add_subcommand("crops", "Show what the networks see: contact sheets of all 25 findings");
  command->add_option("STUDY", options->study, "Folder (at any depth), zip, tar, DICOMDIR or file of one study")
      ->check(existing_input("the folder, zip, tar or DICOMDIR of one study"))
      ->required();
  command->add_option("-o,--output", options->output, "Folder for the pictures (PNG)")->required()->group("Output");
  command->add_flag("--force", options->force, "Overwrite pictures that are there")->group("Output");
  add_study_option(*command, options->series);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->grader);
  command->footer(
      "One picture per condition and view, one row per finding, one tile per slice; a cross marks the point.\n"
      "Example:\n  lumbargrade crops train_images/4003253 -o crops");
  command->callback([options, &action] { action = [options] { return network_commands().crops(*options); }; });
}

}  // namespace lumbargrade::cli
