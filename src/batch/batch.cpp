#include "batch/batch.h"

#include <csignal>
#include <vector>

#include "batch/described_studies.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/parallel.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kResultReaders = 16;  // wait for the disk more than for a core

// A signal handler can reach nothing but a static.
volatile std::sig_atomic_t interrupts = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void count_interrupt(int) {
  interrupts = interrupts + 1;
}

/// While it lives, SIGINT and SIGTERM are counted instead of ending the process.
class InterruptCounter {
 public:
  InterruptCounter()
      : old_int_(std::signal(SIGINT, count_interrupt)), old_term_(std::signal(SIGTERM, count_interrupt)) {
    interrupts = 0;
  }
  ~InterruptCounter() {
    std::signal(SIGINT, old_int_);
    std::signal(SIGTERM, old_term_);
  }
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;

 private:
  void (*old_int_)(int);
  void (*old_term_)(int);
};

void check_shard_count(const fs::path& output, const Shard& shard) {
  const std::string suffix = text("-of-", shard.count);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(output / "shards", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.find("-of-") != std::string::npos && !name.ends_with(suffix)) {
      throw Error(ErrorKind::Failure, text(output.string(), " was begun with another number of shards (", name,
                                           "); use the same number, or another folder"));
    }
  }
}

void check_output(const fs::path& output) {
  std::error_code ignored;
  check_output_folder(output);
  if (fs::exists(output) && !fs::is_empty(output, ignored) && !fs::exists(output / "shards")) {
    throw Error(ErrorKind::Failure, text(output.string(), " holds other files; give an empty or a new folder"));
  }
}

/// Leaves of what was found the part of this shard.
Plan make_plan(Discovery& found, const Shard& shard) {
  Plan plan;
  plan.shard = shard;
  for (const StudyFolder& study : found.studies) plan.ids.push_back(study.study_id);
  plan.data_set_digest = data_set_digest(plan.ids);
  const auto is_elsewhere = [&](const std::string& id) { return !belongs_to(shard, id); };
  std::erase_if(plan.ids, is_elsewhere);
  std::erase_if(found.studies, [&](const StudyFolder& study) { return is_elsewhere(study.study_id); });
  std::erase_if(found.failures, [&](const StudyFailure& failure) { return is_elsewhere(failure.study_id); });
  plan.discovery_failures = found.failures;
  return plan;
}

/// Where each study was found.
void log_studies(const Discovery& found) {
  for (const StudyFolder& study : found.studies) {
    const std::string share = study.files.empty() ? study.study_instance_uid : text(study.files.size(), " files");
    log_debug(
        text("study ", study.study_id, ": ", study.folder.string(), share.empty() ? "" : text(", of it ", share)));
  }
}

/// Tables of results that are thrown away must not pass for those of the new run while it is at work.
void remove_tables(const fs::path& output) {
  std::error_code ignored;
  for (const char* table : {"grades.csv", "studies.csv", "failures.csv", "run.json", "index.html"})
    fs::remove(output / table, ignored);
}

class Batch {
 public:
  Batch(const BatchOptions& options, const BatchCalls& calls)
      : options_(options), calls_(calls), store_(shard_folder(options.output, options.shard)) {}

  BatchSummary run() {
    check_output(options_.output);
    check_shard_count(options_.output, options_.shard);
    Discovery found = discover_studies(options_.data_set, options_.output, options_.discover);
    if (found.studies.empty() && found.failures.empty() && !options_.may_be_empty) {
      throw Error(ErrorKind::NoUsableStudy, text("no study found in ", options_.data_set.string()));
    }
    log_studies(found);
    const FolderLock lock(store_.folder());
    if (options_.redo) remove_tables(options_.output);
    store_.open(options_.identity, options_.redo);
    for (const std::string& note : found.notes) calls_.warn(note);
    const std::string unknown = rows_of_unknown_studies(options_.series_descriptions, found);
    if (!unknown.empty()) calls_.warn(unknown);
    summary_.counts.data_set = found.studies.size();
    store_.write_plan(make_plan(found, options_.shard));
    summary_.counts.failed = found.failures.size();
    const std::vector<StudyFolder> to_do = choose(found.studies);
    calls_.progress(summary_.counts);
    grade(to_do);
    return summary_;
  }

 private:
  std::vector<StudyFolder> choose(const std::vector<StudyFolder>& here) {
    std::vector<StudyFolder> to_do;
    BatchCounts& counts = summary_.counts;
    counts.shard = here.size();
    std::vector<ResultState> states(here.size());
    for_each_index(here.size(), kResultReaders, [&](size_t i) { states[i] = store_.state_of(here[i]); });
    for (size_t i = 0; i < here.size(); ++i) {
      discard_unusable_result(here[i], states[i]);
      if (states[i] == ResultState::Finished) {
        ++counts.skipped;
      } else {
        to_do.push_back(here[i]);
      }
    }
    counts.left = to_do.size();
    return to_do;
  }

  /// What is no good is taken away at once, so that it cannot pass for the new result when the run is stopped.
  void discard_unusable_result(const StudyFolder& study, ResultState state) const {
    if (state != ResultState::Damaged && state != ResultState::Stale) return;
    const char* reason = state == ResultState::Stale ? "files came, went or changed since it was graded"
                                                     : "its result is damaged or of another version";
    calls_.warn(text(study.study_id, ": ", reason, "; it is graded again"));
    store_.remove_result(study.study_id);
  }

  void grade(const std::vector<StudyFolder>& to_do) {
    const InterruptCounter counter;
    PoolCalls calls;
    calls.result_file = [this](const StudyFolder& study) { return store_.result_file(study.study_id); };
    calls.finished = [this](const StudyOutcome& outcome) { record(outcome); };
    calls.control = [this] { return control(); };
    summary_.grader = run_pool(to_do, options_.pool, calls);
    if (summary_.counts.left > 0) summary_.stop_reason = reason_to_stop();
  }

  void record(const StudyOutcome& outcome) {
    --summary_.counts.left;
    report_warnings(outcome);
    if (outcome.graded) {
      ++summary_.counts.graded;
      summary_.times.read_ms += outcome.times.read_ms;
      summary_.times.levels_ms += outcome.times.levels_ms;
      summary_.times.grade_ms += outcome.times.grade_ms;
      store_.remove_failure(outcome.study.study_id);
    } else {
      ++summary_.counts.failed;
      ++failed_now_;
      calls_.warn(text(outcome.study.study_id, ": ", outcome.failure.stage, ": ", outcome.failure.reason));
      store_.write_failure(outcome.failure);
    }
    calls_.progress(summary_.counts);
  }

  /// The first of a study; all of them are in studies.csv.
  void report_warnings(const StudyOutcome& outcome) {
    if (outcome.warnings.empty()) return;
    ++summary_.counts.with_warnings;
    const size_t others = outcome.warnings.size() - 1;
    calls_.warn(text(outcome.study.study_id, ": ", outcome.warnings.front(),
                     others > 0 ? text(" (and ", others, " more, see studies.csv)") : ""));
    for (const std::string& warning : outcome.warnings) log_debug(text(outcome.study.study_id, ": ", warning));
  }

  PoolControl control() {
    if (interrupts > 1) return PoolControl::Abort;
    if (interrupts > 0 && !interrupt_told_) {
      calls_.warn("interrupted: the studies at work are finished first; once more drops them");
      interrupt_told_ = true;
    }
    return reason_to_stop().empty() ? PoolControl::Continue : PoolControl::Drain;
  }

  /// Why no further study is begun; empty while there is no reason.
  std::string reason_to_stop() const {
    if (interrupts > 0) return "interrupted";
    if (options_.fail_fast && failed_now_ > 0) return "a study failed (--fail-fast)";
    if (!options_.max_failures || failed_now_ <= *options_.max_failures) return {};
    return text(failed_now_, " studies failed (--max-failures ", *options_.max_failures, ")");
  }

  const BatchOptions& options_;
  const BatchCalls& calls_;
  ResultStore store_;
  BatchSummary summary_;
  size_t failed_now_ = 0;
  bool interrupt_told_ = false;
};

}  // namespace

BatchSummary run_batch(const BatchOptions& options, const BatchCalls& calls) {
  return Batch(options, calls).run();
}

fs::path shard_folder(const fs::path& output, const Shard& shard) {
  return output / "shards" / text(shard.index, "-of-", shard.count);
}

}  // namespace lumbargrade
