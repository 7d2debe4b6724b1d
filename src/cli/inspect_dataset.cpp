#include "cli/inspect_dataset.h"

#include <iostream>
#include <map>

#include "batch/described_studies.h"
#include "batch/study_summary.h"
#include "batch/worker_pool.h"
#include "bundle/find_bundle.h"
#include "cli/batch_options.h"
#include "cli/batch_progress.h"
#include "cli/commands.h"
#include "cli/worker_command.h"
#include "core/available_cores.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/printable_text.h"

namespace lumbargrade::cli {
namespace {

/// `overview` is empty of a study that could not be read.
std::string row(const std::string& study_id, const std::string& folder, const std::vector<std::string>& overview,
                const std::string& error) {
  std::vector<std::string> cells = {study_id, printable_name(folder)};
  cells.insert(cells.end(), overview.begin(), overview.end());
  cells.resize(2 + overview_columns().size());
  cells.push_back(error);
  return csv_line(cells);
}

std::string row_of(const StudyOutcome& outcome) {
  return row(outcome.study.study_id, outcome.study.folder.string(), outcome.overview, outcome.failure.reason);
}

std::string header() {
  std::vector<std::string> columns = {"study_id", "folder"};
  columns.insert(columns.end(), overview_columns().begin(), overview_columns().end());
  columns.emplace_back("error");
  return csv_line(columns);
}

/// Prints the rows of studies in their order, each as soon as those before it are there.
class OrderedRows {
 public:
  explicit OrderedRows(const std::vector<StudyFolder>& studies) : studies_(studies) {}

  void add(const StudyOutcome& outcome) {
    waiting_.emplace(outcome.study.study_id, row_of(outcome));
    while (next_ < studies_.size()) {
      const auto found = waiting_.find(studies_[next_].study_id);
      if (found == waiting_.end()) break;
      std::cout << found->second;
      waiting_.erase(found);
      ++next_;
    }
    std::cout << std::flush;
  }

 private:
  const std::vector<StudyFolder>& studies_;
  size_t next_ = 0;
  std::map<std::string, std::string> waiting_;
};

PoolOptions pool_options(const InspectDatasetOptions& options, const StudyOptions& series,
                         const GraderOptions& locator) {
  WorkerOptions worker;
  worker.series = series;
  worker.grader = locator;
  worker.only_inspect = true;
  return {worker_command(worker, locator_bundle(locator), 1), options.jobs > 0 ? options.jobs : available_cores()};
}

int exit_code(const BatchCounts& counts) {
  if (counts.failed == 0) return 0;
  return static_cast<int>(counts.graded == 0 ? ErrorKind::NoUsableStudy : ErrorKind::SomeStudiesFailed);
}

}  // namespace

std::filesystem::path locator_bundle(const GraderOptions& locator) {
  try {
    return find_bundle(locator.bundle);
  } catch (const Error& error) {
    log_warning(text("series are told by their headers only: ", error.what()));
    return {};
  }
}

CLI::Option* add_inspect_dataset_options(CLI::App& command, InspectDatasetOptions& options) {
  command.option_defaults()->group("Data set");
  CLI::Option* csv =
      command.add_flag("--csv", options.wanted,
                       "Take STUDY as a data set (folder of studies, or a list) and write a CSV table, one "
                       "row a study: roles, slices, spacing, warnings");
  add_jobs_option(command, options.jobs)->needs(csv);
  add_depth_option(command, options.depth)->needs(csv);
  return csv;
}

int inspect_dataset(const std::filesystem::path& data_set, const InspectDatasetOptions& options,
                    const StudyOptions& series, const GraderOptions& locator) {
  const Discovery found = discover_studies(data_set, {}, {options.depth, series.join_studies});
  if (found.studies.empty() && found.failures.empty()) {
    throw Error(ErrorKind::NoUsableStudy, text("no study found in ", data_set.string()));
  }
  for (const std::string& note : found.notes) log_warning(note);
  const std::string unknown = rows_of_unknown_studies(series.series_descriptions, found);
  if (!unknown.empty()) log_warning(unknown);
  BatchCalls progress = make_progress("auto");
  BatchCounts counts;
  counts.failed = found.failures.size();
  counts.left = found.studies.size();
  OrderedRows rows(found.studies);
  std::cout << header();
  PoolCalls calls;
  calls.result_file = [](const StudyFolder&) { return std::filesystem::path(); };
  calls.control = [] { return std::cout ? PoolControl::Continue : PoolControl::Abort; };
  calls.finished = [&](const StudyOutcome& outcome) {
    rows.add(outcome);
    --counts.left;
    ++(outcome.graded ? counts.graded : counts.failed);
    progress.progress(counts);
  };
  run_pool(found.studies, pool_options(options, series, locator), calls);
  progress = {};  // what follows begins on a line of its own
  for (const StudyFailure& failure : found.failures) {
    std::cout << row(failure.study_id, failure.file, {}, failure.reason);
  }
  flush_output();
  log_info(text(counts.graded, " studies read, ", counts.failed, " not readable"));
  return exit_code(counts);
}

}  // namespace lumbargrade::cli
