#include <memory>

#include "cli/commands.h"
#include "core/available_cores.h"
#include "core/error.h"
#include "core/log.h"
#include "phantom/dataset.h"

namespace lumbargrade::cli {
namespace {

struct PhantomOptions {
  phantom::DatasetOptions dataset;
  std::string prevalence = "challenge";
  std::string quirks = "none";
};

int run_phantom(PhantomOptions options) {
  if (options.prevalence == "even") {
    options.dataset.prevalence = phantom::even_prevalence();
  } else if (options.prevalence != "challenge") {
    options.dataset.prevalence = phantom::read_prevalence(options.prevalence);
  }
  if (options.quirks == "rsna") options.dataset.quirks = phantom::VendorQuirks::Rsna;
  phantom::write_dataset(options.dataset);
  log_info(text(options.dataset.studies, options.dataset.studies == 1 ? " study in " : " studies in ",
                options.dataset.folder.string()));
  return 0;
}

void add_data_set_options(CLI::App& command, phantom::DatasetOptions& dataset) {
  command.option_defaults()->group("Data set");
  command.add_option("--studies", dataset.studies, "Number of studies, 1..100000")->required();
  command.add_option("--seed", dataset.seed, "Random seed, 0 or more: the same seed gives the same bytes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("-o,--output", dataset.folder, "Folder to write; new or empty")->required();
  command.add_flag("--resume", dataset.resume, "Continue an interrupted run, or add studies to a finished one");
  command.add_option("-j,--jobs", dataset.jobs, "Studies generated in parallel (default: one per core)");
}

void add_patient_options(CLI::App& command, PhantomOptions& options) {
  phantom::DatasetOptions& dataset = options.dataset;
  command.option_defaults()->group("Patients")->always_capture_default();
  command.add_option("--prevalence", options.prevalence,
                     "Prevalence of grades: challenge, even, or a JSON file {condition: {level: [a, b, c]}}");
  command.add_option(
      "--label-noise", dataset.label_noise,
      "Label noise: share of grades in train.csv moved to a neighbouring one, 0..1; truth.json keeps the "
      "measured ones");
  command.add_option("--coordinate-noise", dataset.coordinates.noise_mm,
                     "Error of train_label_coordinates.csv: standard deviation along rows and columns, mm");
  command.add_option("--coordinate-slips", dataset.coordinates.slips,
                     "Share of these points on a neighbouring slice, 0..1");
  command.add_option("--coordinates-missing", dataset.coordinates.missing, "Share of these points without a row, 0..1");
  command.add_option("--studies-without-coordinates", dataset.coordinates.absent,
                     "Share of studies without any such row, 0..1");
}

void add_image_options(CLI::App& command, PhantomOptions& options) {
  phantom::DatasetOptions& dataset = options.dataset;
  command.option_defaults()->group("Images")->always_capture_default();
  command.add_option("--noise", dataset.protocol.noise_factor, "Image noise relative to a usual scan, 0..100");
  command.add_option("--sagittal-matrix", dataset.protocol.sagittal_matrix,
                     "Rows and columns of sagittal slices, 32..1024 pixels");
  command.add_option("--axial-matrix", dataset.protocol.axial_matrix,
                     "Rows and columns of axial slices, 32..1024 pixels");
  command
      .add_option("--vendor-quirks", options.quirks,
                  "none: conformant MR objects; rsna: headers as the challenge's files have them")
      ->check(CLI::IsMember({"none", "rsna"}));
  command.add_flag("--labels", dataset.labels, "Also write the tissue of every pixel as DICOM under labels/");
}

}  // namespace

void add_phantom_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<PhantomOptions>();
  options->dataset.jobs = available_cores();
  CLI::App* command = app.add_subcommand(
      "phantom", "Write synthetic lumbar MRI studies whose anatomy and grades are known, in the challenge's layout");
  add_data_set_options(*command, options->dataset);
  add_patient_options(*command, *options);
  add_image_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  lumbargrade phantom --studies 10 --seed 1 -o phantom\n"
      "  lumbargrade phantom --studies 600 --seed 7 --vendor-quirks rsna -o train --resume\n"
      "  lumbargrade phantom --studies 200 --seed 8 --noise 2 --prevalence even -o test");
  command->callback([options, &action] { action = [options] { return run_phantom(*options); }; });
}

}  // namespace lumbargrade::cli
