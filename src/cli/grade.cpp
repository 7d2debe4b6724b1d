#include "cli/commands.h"
#include "cli/existing_input.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"
#include "cli/report_options.h"
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

void check_output(const GradeOptions& options) {
  if (!options.attention.empty()) refuse_to_overwrite(options.attention, options.force);
  check_report_options(options.report, options.output, options.format);
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

}  // namespace

void add_grade_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<GradeOptions>();
  CLI::App* command = app.add_subcommand("grade", "Grade one study: 25 rows of CSV");
  command->add_option("STUDY", options->study, "Folder (at any depth), zip, tar, DICOMDIR or file of one study")
      ->required()
      ->check(existing_input("the folder, zip, tar or DICOMDIR of one study"));
  command
      ->add_option(
          "-o,--output", options->output,
          "Folder for grades.csv and run.json; a table goes to standard output (default: CSV to standard output)")
      ->group("Output");
  command
      ->add_option("--attention", options->attention,
                   "CSV file for the weight of each image in every row that a network graded (default: not written)")
      ->type_name("FILE")
      ->group("Output");
  add_report_options(*command, options->report);
  command->add_flag("--force", options->force, "Overwrite results that are there")->group("Output");
  command->add_option("--format", options->format, "Without -o: csv, table, wide (one row a study) or json")
      ->check(CLI::IsMember({"csv", "table", "wide", "json"}))
      ->capture_default_str()
      ->group("Output");
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
