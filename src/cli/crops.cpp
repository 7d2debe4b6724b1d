#include "cli/commands.h"
#include "cli/existing_input.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"

namespace lumbargrade::cli {

void add_crops_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CropOptions>();
  CLI::App* command = app.add_subcommand("crops", "Show what the networks see: contact sheets of all 25 findings");
  command->add_option("STUDY", options->study, "Folder (at any depth), zip, tar, DICOMDIR or file of one study")
      ->check(existing_input("the folder, zip, tar or DICOMDIR of one study"));
  command->add_option("-o,--output", options->output, "Folder for the pictures (PNG)")->group("Output");
  command->add_flag("--force", options->force, "Overwrite pictures that are there")->group("Output");
  command
      ->add_option("--export", options->exported.out,
                   "Folder for all crops of a data set as NumPy files, with labels and folds, to train on elsewhere "
                   "(docs/pytorch.md); with --data and --recipe instead of a STUDY")
      ->type_name("DIR")
      ->group("Export");
  command->add_option("--data", options->exported.data.data, "Data set in the challenge's layout")
      ->check(CLI::ExistingDirectory)
      ->group("Export");
  command
      ->add_option("--recipe", options->recipe, "Recipe whose networks' views are cut (file, or name of a shipped one)")
      ->group("Export");
  command->add_option("--cache", options->exported.data.cache, "Folder of cut crops that is shared with training")
      ->type_name("DIR")
      ->group("Export");
  command->add_option("--seed", options->exported.seed, "Seed of the folds")->capture_default_str()->group("Export");
  add_study_option(*command, options->series);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->grader);
  command->footer(
      "One picture per condition and view, one row per finding, one tile per slice; a cross marks the point.\n"
      "Examples:\n  lumbargrade crops train_images/4003253 -o pictures\n"
      "  lumbargrade crops --export crops --data rsna --recipe fast");
  command->callback([options, &action] { action = [options] { return network_commands().crops(*options); }; });
}

}  // namespace lumbargrade::cli
