#include "cli/commands.h"
#include "cli/train_options.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kMeasuresFooter = R"(Canal and recess are fitted on what `train canal --folds N --fold K` left in
its training/ of the studies it held out; foramina on a data set in the challenge's layout with train.csv and
train_label_coordinates.csv (such as of `lumbargrade phantom`), measured with the bundle's locator, recesses on its axial
T2. Names, and the canal's fluid ratio, are fitted on mid-sagittal T2 images whose discs were named by hand: a table with
set, file, level, relative_x, relative_y (shares of width and height), SET/FILE.png beside it.

Examples:
  lumbargrade train measures --bundle canal --held-out canal0 canal1 canal2 --foramina phantom --out measured
  lumbargrade train measures --bundle models/default --foramina rsna --out mine
  lumbargrade train measures --bundle models/default --ranges spider --unlabelled spider/midsagittal --out in_bytes)";

void add_measures_options(CLI::App& command, MeasureTraining& training) {
  command.option_defaults()->group("Data");
  command.add_option("--bundle", training.bundle, "Bundle whose measure models are fitted; it is not changed")
      ->required()
      ->check(CLI::ExistingDirectory);
  command
      .add_option("-o,--out,--output", training.out,
                  "Folder that becomes the bundle; the tables in its crossvalidation/")
      ->required();
  command.add_option("--held-out", training.held_out, "Folders (--out) of fold runs of `train canal`")
      ->check(CLI::ExistingDirectory);
  command.add_option("--foramina", training.foramina, "Data set whose graded foramina and recesses are measured")
      ->check(CLI::ExistingDirectory);
  command.add_option("--named", training.named, "Table of discs named by hand; its images lie beside it")
      ->check(CLI::ExistingFile);
  command
      .add_option(
          "--mislabelled", training.mislabelled,
          "Table (set, file, why) of images named wrongly: nothing is learned from them, figures count both ways")
      ->check(CLI::ExistingFile);
  command
      .add_option(
          "--ranges", training.ranges,
          "Data set as of `train locator`: between which values the layers of the networks that find the levels "
          "lie on its slices, so that they can compute in 8-bit integers")
      ->check(CLI::ExistingDirectory);
  CLI::Option* unlabelled = command.add_option("--unlabelled", training.unlabelled,
                                               "Folder of mid-sagittal PNGs on which the same is measured");
  unlabelled->check(CLI::ExistingDirectory)->needs(command.get_option("--ranges"));
  command.add_option("--card", training.card, "JSON that describes the bundle, in place of its own description")
      ->check(CLI::ExistingFile);
  command.add_option("--fewest", training.fewest, "Measures that every level must have")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Fitting");
}

}  // namespace

void add_train_measures_command(CLI::App& train, Action& action) {
  add_trainer(train, action,
              {"measures", "Fit what names discs and turns measured canals, recesses and foramina into grades",
               kMeasuresFooter},
              add_measures_options, &TrainingCommands::train_measures);
}

}  // namespace lumbargrade::cli
