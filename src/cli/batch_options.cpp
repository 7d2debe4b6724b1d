#include "cli/batch_options.h"

#include "batch/result_file.h"
#include "batch/study_summary.h"
#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/worker_command.h"
#include "core/available_cores.h"
#include "core/csv.h"
#include "core/log.h"
#include "core/sha256.h"
#include "report/grades_csv.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

std::string hash_of_columns() {
  return sha256_of_bytes(csv_line(grades_csv_columns()) + csv_line(study_summary_columns()));
}

int resolved_jobs(const BatchArguments& arguments) {
  if (arguments.jobs > 0) return arguments.jobs;
  // A GPU is shared by few processes; on a CPU one process with one thread per core is fastest.
  if (arguments.worker.grader.device != "cpu") return 2;
  return available_cores();
}

int resolved_threads(const BatchArguments& arguments, int jobs) {
  if (arguments.deterministic) return 1;
  if (arguments.worker.grader.threads > 0) return arguments.worker.grader.threads;
  return std::max(1, available_cores() / jobs);
}

/// The hash of a file that the results depend on, "" for none.
std::string hash_of(const fs::path& file) {
  return file.empty() ? "" : sha256_of_file(file);
}

RunIdentity identity_of(const BatchArguments& arguments, const fs::path& bundle, int threads) {
  RunIdentity identity = {{"program_version", version_parts().at("version")},
                          {"format", kGradesCsvFormat},
                          {"result_file_format", kResultFileFormat},
                          {"columns_sha256", hash_of_columns()},
                          {"bundle_sha256", sha256_of_file(bundle / kManifestFile)},
                          {"device", arguments.worker.grader.device},
                          {"precision", arguments.worker.grader.precision},  // resolved
                          {"lowest_disc", arguments.worker.grader.lowest_disc},
                          {"join_studies", arguments.worker.series.join_studies},
                          {"sagittal_t1", arguments.worker.series.sagittal_t1},
                          {"sagittal_t2", arguments.worker.series.sagittal_t2},
                          {"axial_t2", arguments.worker.series.axial_t2},
                          {"series_descriptions_sha256", hash_of(arguments.worker.series.series_descriptions)}};
  if (!arguments.worker.reports.empty()) identity["reports"] = true;  // finished studies have their pages
  // Thread counts change the last digits: only runs that promise the same bytes care.
  if (arguments.deterministic) identity["deterministic_threads"] = threads;
  return identity;
}

}  // namespace

CLI::Option* add_jobs_option(CLI::App& command, int& jobs) {
  return command
      .add_option("-j,--jobs", jobs, "Studies at a time, each in a process of its own (default: one per core)")
      ->check(CLI::Range(1, 256));
}

CLI::Option* add_depth_option(CLI::App& command, StudyDepth& depth) {
  static const std::map<std::string, StudyDepth> depths = {
      {"auto", StudyDepth::Auto}, {"leaf", StudyDepth::Leaf}, {"parent", StudyDepth::Parent}};
  return command
      .add_option("--study-folder", depth,
                  "What is a study: leaf, the folder that holds files; parent, the one above; auto, the one above "
                  "unless that is the data set (default: auto)")
      ->transform(CLI::CheckedTransformer(depths).description("{auto,leaf,parent}"))
      ->type_name("");
}

void add_batch_options(CLI::App& command, BatchArguments& arguments) {
  command.option_defaults()->group("Running");
  add_jobs_option(command, arguments.jobs);
  command.add_flag("--redo", arguments.redo, "Throw away finished results and begin again");
  command.add_flag("--fail-fast", arguments.fail_fast, "Stop after the first study that fails");
  command.add_option("--max-failures", arguments.max_failures,
                     "Stop when more studies than this failed (default: never)");
  command.add_option("--timeout-per-study", arguments.study_timeout_s, "Time limit per study, in seconds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* deterministic = command.add_flag("--deterministic", arguments.deterministic,
                                                "Same bytes whatever --jobs and the number of shards: one thread each");
  command.add_option("--progress", arguments.progress, "auto, bar, plain or none, on standard error")
      ->check(CLI::IsMember({"auto", "bar", "plain", "none"}))
      ->capture_default_str();
  add_depth_option(command, arguments.depth)->group("Series");
  add_series_options(command, arguments.worker.series);
  add_grader_options(command, arguments.worker.grader);
  deterministic->excludes("--threads");
}

BatchOptions resolved(const BatchArguments& arguments, const fs::path& data_set, const fs::path& output,
                      const Shard& shard) {
  BatchOptions options;
  const int jobs = resolved_jobs(arguments);
  const int threads = resolved_threads(arguments, jobs);
  const fs::path bundle = find_bundle(arguments.worker.grader.bundle);
  if (!fs::exists(bundle / kManifestFile)) {
    throw Error(ErrorKind::BundleInvalid, text("no model bundle in ", bundle.string()));
  }
  options.data_set = data_set;
  options.output = output;
  options.discover = {arguments.depth, arguments.worker.series.join_studies};
  options.series_descriptions = arguments.worker.series.series_descriptions;
  options.shard = shard;
  options.redo = arguments.redo;
  options.fail_fast = arguments.fail_fast;
  options.max_failures = arguments.max_failures;
  BatchArguments with_precision = arguments;
  GraderOptions& grader = with_precision.worker.grader;
  grader.precision = resolved_precision(grader.precision, grader.device, read_manifest(bundle));
  options.pool = {worker_command(with_precision.worker, bundle, threads), jobs, arguments.study_timeout_s};
  options.identity = identity_of(with_precision, bundle, threads);
  log_debug(text("bundle ", bundle.string(), ", ", jobs, " jobs of ", threads, " threads"));
  return options;
}

}  // namespace lumbargrade::cli
