#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/process_memory.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

/// What may be written into the output folder.
std::vector<std::string> output_files(const GradeOptions& options) {
  std::vector<std::string> files = report_file_names(options.report);
  files.insert(files.begin(), kGradesFile);
  files.emplace_back(kRecordFile);
  return files;
}

/// Throws Error (Usage) where options do not go together.
void check_report_options(const GradeOptions& command) {
  const ReportOptions& options = command.report;
  if (command.output.empty() && options.any()) {
    throw Error(ErrorKind::Usage, "--report, --masks and --dicom write files: give a folder with -o");
  }
  if (options.show_patient && !options.page) {
    throw Error(ErrorKind::Usage, "--show-patient is about the page that --report writes: give --report too");
  }
  if (options.prior.empty()) return;
  if (!options.page && command.format != "json") {
    throw Error(ErrorKind::Usage, "--prior compares in the files of --report, and in --format json: give one of them");
  }
  if (!fs::exists(options.prior)) {
    throw Error(ErrorKind::Usage, text("--prior: ", options.prior, " does not exist"));
  }
}

void check_output(const GradeOptions& options) {
  if (!options.attention.empty()) refuse_to_overwrite(options.attention, options.force);
  check_report_options(options);
  if (options.output.empty()) return;
  const fs::path folder = options.output;
  check_output_folder(folder);
  for (const std::string& name : output_files(options)) refuse_to_overwrite(folder / name, options.force);
}

/// The study is read while LibTorch and the bundle load.
int run_grade(GradeOptions options) {
  check_output(options);
  options.series.threads = options.grader.threads > 0 ? options.grader.threads : options.series.threads;
  set_up_malloc_for_grading();
  StudyReading reading(options.study, options.series);
  return network_commands().grade(options, reading);
}

/// `--report`, `--masks`, `--dicom`, `--prior`, `--show-patient`.
void add_report_options(CLI::App& command, ReportOptions& options) {
  command.option_defaults()->group("Output");
  command.add_flag("--report", options.page,
                   "With -o: also report.html (one file to read), overview.png and grades.json");
  command.add_flag(
      "--masks", options.masks,
      "With -o: also discs, vertebrae and canal as masks.nii.gz with masks.json, and points.mrk.json for 3D "
      "Slicer");
  command
      .add_option("--dicom", options.dicom,
                  "With -o: results as DICOM in the folder dicom: sr (structured report), sc (pictures), seg (masks), "
                  "parted by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"sr", "sc", "seg"}))
      ->type_name("KIND");
  command
      .add_option("--prior", options.prior,
                  "Earlier study, or the folder of its results made with --report, to compare with")
      ->type_name("FOLDER");
  command.add_flag("--show-patient", options.show_patient,
                   "With --report: name the patient on the page (otherwise nothing does)");
}

}  // namespace

void add_grade_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<GradeOptions>();
  CLI::App* command = app.add_subcommand("grade", "Grade one study: 25 rows of CSV");
  command->add_option("STUDY", options->study, "Folder (at any depth), zip, tar, DICOMDIR or file of one study")
      ->required()
      ->check(existing_input("the folder, zip, tar or DICOMDIR of one study"));
  command->option_defaults()->group("Output");
  command->add_option(
      "-o,--output", options->output,
      "Folder for grades.csv and run.json; a table goes to standard output (default: CSV to standard output)");
  command
      ->add_option("--attention", options->attention,
                   "CSV file for the weight of each image in every row that a network graded (default: not written)")
      ->type_name("FILE");
  add_report_options(*command, options->report);
  command->add_flag("--force", options->force, "Overwrite results that are there");
  command->add_option("--format", options->format, "Without -o: csv, table, wide (one row a study) or json")
      ->check(CLI::IsMember({"csv", "table", "wide", "json"}))
      ->capture_default_str();
  add_study_option(*command, options->series);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->grader);
  command->footer(
      "Examples:\n"
      "  lumbargrade grade train_images/4003253 > grades.csv\n"
      "  lumbargrade grade /media/cd -o results --report\n"
      "  lumbargrade grade study -o results --report --masks --dicom sr,sc,seg\n"
      "  lumbargrade grade study -o results --report --prior results-of-2024\n"
      "  lumbargrade grade export.zip\n"
      "  lumbargrade grade study -o results --attention results/attention.csv\n"
      "  lumbargrade grade study --sagittal-t2 T2_SAG --lowest-disc L4/L5\n"
      "Research use only, not for clinical use.");
  command->callback([options, &action] { action = [options] { return run_grade(*options); }; });
}

}  // namespace lumbargrade::cli
