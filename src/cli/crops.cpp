#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"
#include "cli/training/training_commands.h"
#include "core/error.h"

namespace lumbargrade::cli {
namespace {

struct CropsCommand {
  CropOptions pictures;
  CropExportCommand exported;  ///< where its folder is given
};

int run_chosen_crops(CropsCommand command) {
  const bool has_study = !command.pictures.study.empty();
  if (command.exported.exported.out.empty()) {
    if (has_study && !command.pictures.output.empty()) return network_commands().crops(command.pictures);
    throw Error(ErrorKind::Usage, "pictures need a STUDY and -o, an export --export, --data and --recipe");
  }
  if (has_study || command.exported.exported.data.data.empty() || command.exported.recipe.empty()) {
    throw Error(ErrorKind::Usage, "--export goes with --data and --recipe, and without a STUDY");
  }
  command.exported.grader = command.pictures.grader;
  training_commands().export_crops(command.exported);
  return 0;
}

}  // namespace

void add_crops_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CropsCommand>();
  CropOptions& pictures = options->pictures;
  CropExportCommand& exported = options->exported;
  CLI::App* command = app.add_subcommand("crops", "Show what the networks see: contact sheets of all 25 findings");
  command->add_option("STUDY", pictures.study, "Folder (at any depth), zip, tar, DICOMDIR or file of one study")
      ->check(existing_input("the folder, zip, tar or DICOMDIR of one study"));
  command->option_defaults()->group("Output");
  command->add_option("-o,--output", pictures.output, "Folder for the pictures (PNG)");
  command->add_flag("--force", pictures.force, "Overwrite pictures that are there");
  command->option_defaults()->group("Export");
  command
      ->add_option("--export", exported.exported.out,
                   "Folder for all crops of a data set as NumPy files, with labels and folds, to train on elsewhere "
                   "(docs/pytorch.md); with --data and --recipe instead of a STUDY")
      ->type_name("DIR");
  command->add_option("--data", exported.exported.data.data, "Data set in the challenge's layout")
      ->check(CLI::ExistingDirectory);
  command->add_option("--recipe", exported.recipe,
                      "Recipe whose networks' views are cut (file, or name of a shipped one)");
  command->add_option("--cache", exported.exported.data.cache, "Folder of cut crops that is shared with training")
      ->type_name("DIR");
  command->add_option("--seed", exported.exported.seed, "Seed of the folds")->capture_default_str();
  add_study_option(*command, pictures.series);
  add_series_options(*command, pictures.series);
  add_grader_options(*command, pictures.grader);
  command->footer(
      "One picture per condition and view, one row per finding, one tile per slice; a cross marks the point.\n"
      "Examples:\n  lumbargrade crops train_images/4003253 -o pictures\n"
      "  lumbargrade crops --export crops --data rsna --recipe fast");
  command->callback([options, &action] { action = [options] { return run_chosen_crops(*options); }; });
}

}  // namespace lumbargrade::cli
