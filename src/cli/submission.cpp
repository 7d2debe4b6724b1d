#include "batch/submission.h"

#include <algorithm>
#include <map>
#include <set>

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/batch_run.h"
#include "cli/commands.h"
#include "core/atomic_file.h"
#include "core/log.h"
#include "core/table.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

struct SubmissionCommand {
  std::string data;
  std::string output;
  std::string work;
  std::string sample;
  std::string graded;
  bool force = false;
  SubmissionScale scale = SubmissionScale::Weighted;
  BatchArguments arguments;
};

/// The folder of studies in the challenge's root: test_images, else train_images, else the folder itself.
fs::path image_folder(const fs::path& data) {
  for (const char* name : {"test_images", "train_images"}) {
    if (fs::is_directory(data / name)) return data / name;
  }
  return data;
}

/// The table that goes with the images, where it lies in its usual place.
fs::path usual_descriptions(const fs::path& data, const fs::path& images) {
  const std::string prefix = images.filename() == "test_images" ? "test" : "train";
  const fs::path table = data / (prefix + "_series_descriptions.csv");
  return images != data && fs::exists(table) ? table : fs::path();
}

std::vector<std::string> ids_of(const fs::path& file, const char* column) {
  std::vector<std::string> ids;
  const Table table(file, ErrorKind::Usage, {column});
  for (const TableRow row : table) ids.push_back(row.id(column));
  return ids;
}

SubmissionRows wanted_rows(const SubmissionCommand& command, const fs::path& descriptions) {
  SubmissionRows rows;
  if (!command.sample.empty()) {
    rows.row_ids = ids_of(command.sample, "row_id");
    const std::set<std::string> unique(rows.row_ids.begin(), rows.row_ids.end());
    if (unique.size() != rows.row_ids.size()) {
      throw Error(ErrorKind::Usage, text(command.sample, " names a row id twice"));
    }
  } else if (!descriptions.empty()) {
    rows.listed_ids = ids_of(descriptions, "study_id");
  }
  return rows;
}

void write_failures(const fs::path& output, const std::vector<StudyFailure>& failures) {
  std::string table = csv_line(failure_columns());
  for (const StudyFailure& failure : failures) table += csv_line(failure_cells(failure));
  write_file_atomically(output, table);
}

PriorTable prior_of_bundle(const SubmissionCommand& command) {
  return read_manifest(find_bundle(command.arguments.worker.grader.bundle).string()).grading.prior;
}

/// Writes the submission with what the shards hold; failures go into `failures_file`. Returns the exit code.
int write_submission(const SubmissionCommand& command, const fs::path& shards, const SubmissionRows& rows,
                     const fs::path& failures_file) {
  const ShardSet set = collect_shards({shards});
  const Submission submission = make_submission(set, rows, prior_of_bundle(command), command.scale);
  write_file_atomically(command.output, submission.csv);
  write_failures(failures_file, submission.failures);
  log_info(text("wrote ", command.output));
  if (submission.failures.empty()) return 0;
  log_warning(text(submission.failures.size(), " studies got the prior; ", failures_file.string(), " says why"));
  std::set<std::string> failed;
  for (const StudyFailure& failure : submission.failures) failed.insert(failure.study_id);
  const bool none =
      std::all_of(set.ids.begin(), set.ids.end(), [&](const std::string& id) { return failed.contains(id); });
  return static_cast<int>(none ? ErrorKind::NoUsableStudy : ErrorKind::SomeStudiesFailed);
}

/// From the output of `batch`, which may be shards of several nodes; nothing is graded.
int run_submission_of_graded(const SubmissionCommand& command) {
  const SubmissionRows rows = wanted_rows(command, command.arguments.worker.series.series_descriptions);
  return write_submission(command, command.graded, rows, command.output + ".failures.csv");
}

int run_submission(SubmissionCommand command) {
  const fs::path output = command.output;
  refuse_to_overwrite(output, command.force);
  if (!command.graded.empty()) return run_submission_of_graded(command);
  if (command.data.empty())
    throw Error(ErrorKind::Usage, "give --data, to be graded, or --graded, the output of batch");
  const fs::path work = command.work.empty() ? fs::path(command.output + ".work") : fs::path(command.work);
  const fs::path images = image_folder(command.data);
  auto& descriptions = command.arguments.worker.series.series_descriptions;
  if (descriptions.empty()) descriptions = usual_descriptions(command.data, images);
  const SubmissionRows rows = wanted_rows(command, descriptions);
  BatchOptions options = resolved(command.arguments, images, work, Shard{});
  options.may_be_empty = !rows.row_ids.empty() || !rows.listed_ids.empty();
  const BatchSummary summary =
      run_and_record("submission", command.arguments, options, {output.string(), "failures.csv", "run.json"});
  const int exit_code = finish_batch(summary);
  if (summary.counts.left > 0) return exit_code;

  return write_submission(command, work, rows, work / "failures.csv");
}

}  // namespace

void add_submission_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<SubmissionCommand>();
  CLI::App* command =
      app.add_subcommand("submission", "Write the RSNA 2024 challenge's submission: 25 rows a study, always");
  CLI::Option* data =
      command->add_option("--data,--images", options->data, "The challenge's folder, or a folder of studies")
          ->check(CLI::ExistingDirectory);
  command
      ->add_option("--graded", options->graded,
                   "Output folder of `lumbargrade batch`: its results are taken, nothing is graded again")
      ->check(CLI::ExistingDirectory)
      ->excludes(data);
  command->option_defaults()->group("Output");
  command->add_option("-o,--output", options->output, "The submission file, such as submission.csv")->required();
  command->add_option("--work", options->work,
                      "Folder for the work in progress and failures.csv (default: OUTPUT.work)");
  command->add_flag("--force", options->force, "Overwrite the submission file");
  command
      ->add_option("--sample", options->sample,
                   "sample_submission.csv whose rows, in its order, are written (default: all studies)")
      ->check(CLI::ExistingFile);
  static const std::map<std::string, SubmissionScale> scales = {{"weighted", SubmissionScale::Weighted},
                                                                {"calibrated", SubmissionScale::Calibrated}};
  command
      ->add_option("--scale", options->scale,
                   "weighted: probabilities times the metric's weights 1, 2, 4, which its loss rewards; calibrated: "
                   "as in grades.csv (default: weighted)")
      ->transform(CLI::CheckedTransformer(scales).description("{weighted,calibrated}"))
      ->type_name("");
  add_batch_options(*command, options->arguments);
  command->footer(
      "Examples:\n"
      "  lumbargrade submission --data rsna-2024 -o submission.csv\n"
      "  lumbargrade submission --data rsna-2024 --sample rsna-2024/sample_submission.csv -o submission.csv\n"
      "  lumbargrade submission --graded results -o submission.csv\n"
      "  lumbargrade submission --images studies --series-descriptions series.csv -o submission.csv");
  command->callback([options, &action] { action = [options] { return run_submission(*options); }; });
}

}  // namespace lumbargrade::cli
