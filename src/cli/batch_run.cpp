#include "cli/batch_run.h"

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/batch_progress.h"
#include "cli/commands.h"
#include "cli/grade_options.h"
#include "core/atomic_file.h"
#include "core/log.h"
#include "core/sha256.h"
#include "pipeline/run_record.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

/// 1975 as "1,975".
std::string grouped(size_t number) {
  std::string digits = std::to_string(number);
  for (size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

void log_plan(const Shard& shard, const BatchCounts& counts) {
  if (shard.count > 1) {
    log_info(text("shard ", shard.index, "/", shard.count, ": ", grouped(counts.shard), " of ",
                  grouped(counts.data_set), " studies"));
  }
  if (counts.skipped > 0) log_info(text(grouped(counts.skipped), " studies are finished already and are skipped"));
}

/// The plan is told before the first progress.
BatchCalls calls_for(const BatchArguments& arguments, const Shard& shard) {
  BatchCalls calls = make_progress(arguments.progress);
  calls.progress = [shard, show = calls.progress, begun = false](const BatchCounts& counts) mutable {
    if (!begun) log_plan(shard, counts);
    begun = true;
    show(counts);
  };
  return calls;
}

nlohmann::ordered_json options_json(const BatchArguments& arguments, const BatchOptions& options) {
  return {{"data_set", options.data_set.string()},
          {"shard", text(options.shard.index, "/", options.shard.count)},
          {"jobs", options.pool.workers},
          {"deterministic", arguments.deterministic},
          {"timeout_per_study_s", arguments.study_timeout_s},
          {"memory_limit_mib", arguments.worker.series.memory_limit_mib},
          {"series", to_json(arguments.worker.series)},
          {"grader", to_json(arguments.worker.grader)},
          {"results_depend_on", options.identity}};
}

std::string warnings_text(const BatchCounts& counts) {
  return text(grouped(counts.with_warnings), " of the studies graded now have warnings; studies.csv has them all");
}

RunRecord record_of(const char* command, const BatchArguments& arguments, const BatchOptions& options,
                    const BatchSummary& summary, const std::vector<std::string>& outputs) {
  const BatchCounts& counts = summary.counts;
  RunRecord record;
  record.command = command;
  record.version = version_text();
  record.options = options_json(arguments, options);
  record.counts = {{"data_set", counts.data_set},       {"shard", counts.shard},   {"graded", counts.graded},
                   {"finished_before", counts.skipped}, {"failed", counts.failed}, {"not_begun", counts.left}};
  if (counts.with_warnings > 0) record.warnings.push_back(warnings_text(counts));
  if (counts.left == 0 && options.shard.count == 1) record.outputs = outputs;
  record.times_ms = {
      {"read", summary.times.read_ms}, {"levels", summary.times.levels_ms}, {"grade", summary.times.grade_ms}};
  return record;
}

/// What the workers loaded; where none was started, what they would have.
GraderIdentity grader_of(const BatchSummary& summary, const BatchArguments& arguments) {
  if (!summary.grader.bundle_name.empty()) return summary.grader;
  GraderIdentity grader;
  grader.bundle_folder = find_bundle(arguments.worker.grader.bundle);
  const Manifest manifest = read_manifest(grader.bundle_folder);
  grader.bundle_name = manifest.name;
  grader.bundle_version = manifest.version;
  grader.bundle_sha256 = sha256_of_file(grader.bundle_folder / kManifestFile);
  grader.device = arguments.worker.grader.device;
  return grader;
}

}  // namespace

BatchSummary run_and_record(const char* command, const BatchArguments& arguments, const BatchOptions& options,
                            const std::vector<std::string>& outputs) {
  const Stopwatch total;
  const std::string started = utc_timestamp();
  BatchSummary summary = run_batch(options, calls_for(arguments, options.shard));
  const fs::path folder = options.shard.count > 1 ? shard_folder(options.output, options.shard) : options.output;
  const fs::path file = folder / "run.json";
  RunRecord record = record_of(command, arguments, options, summary, outputs);
  record.started_utc = started;
  record.times_ms.emplace_back("wall", total.elapsed_ms());
  record.resources = used_resources();
  record.earlier_runs = earlier_runs(file);
  write_file_atomically(file, run_record_json(record, grader_of(summary, arguments)));
  return summary;
}

int finish_batch(const BatchSummary& summary) {
  const BatchCounts& counts = summary.counts;
  log_info(text(counts.graded, " graded, ", counts.skipped, " finished before, ", counts.failed, " failed, ",
                counts.left, " not begun (", kNotice, ")"));
  if (counts.with_warnings > 0) log_warning(warnings_text(counts));
  if (counts.left > 0) {
    log_warning(text("stopped early: ", summary.stop_reason, "; the same command resumes where it stopped"));
    return static_cast<int>(ErrorKind::Failure);
  }
  if (counts.failed == 0) return 0;
  const bool none = counts.graded + counts.skipped == 0;
  return static_cast<int>(none ? ErrorKind::NoUsableStudy : ErrorKind::SomeStudiesFailed);
}

}  // namespace lumbargrade::cli
