// Longer than others: the pool is tested with scripts that stand in for workers, and all of these tests share them.
#include "batch/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "batch/merge.h"
#include "batch/refusal.h"
#include "batch/result_file.h"
#include "batch/study_summary.h"
#include "core/csv.h"
#include "core/error.h"
#include "grades/grading.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Speaks run_worker's protocol without a network: what becomes of a study is in its name. The result file is laid out
// by hand, as result_file.h has it.
constexpr const char* kWorkerScript = R"sh(
if [[ ${1-} == load ]]; then
  echo x >> "$0.loads"
  if [[ -e $0.first_loads_die ]] && (($(wc -l < "$0.loads") < 3)); then kill -KILL $PPID; fi
  if [[ -e $0.first_load_stops ]] && (($(wc -l < "$0.loads") < 2)); then kill -STOP $PPID; fi
  echo $PPID > "$0.fork_server"
  exit 0
fi
if [[ -e $0.first_starts_die ]] && (($(wc -l < "$0.first_starts_die") < 2)); then
  echo x >> "$0.first_starts_die"
  kill -KILL $$
fi
if mkdir "$0.stops" 2> /dev/null; then [[ ! -e $0.one_stops ]] || kill -STOP $$; fi
echo '{"ready":true,"bundle_folder":"b","bundle_name":"n","bundle_version":"1","bundle_sha256":"s","device":"cpu","precision":"float32","threads":1}' >&3
summary=$(<"$0.summary")
input=$(<"$0.input")
write_result() {
  local body="${rows//STUDY/$quoted}
#{\"study_id\":${quoted_json},\"input\":\"$input\",\"summary\":$summary}
"
  { printf '%s' "$body"; printf '#sha256 %s\n' "$(printf '%s' "$body" | sha256sum | cut -c 1-64)"; } > "$file"
}
graded='{"graded":true,"read_ms":1,"levels_ms":2,"grade_ms":3,"warnings":["dark"]}'
while IFS= read -r -d '' id && IFS= read -r -d '' folder && IFS= read -r -d '' uid && IFS= read -r -d '' file && IFS= read -r -d '' count; do
  for ((; count > 0; --count)); do IFS= read -r -d '' _; done
  rows=$(<"$0.rows")
  quoted="\"${id//\"/\"\"}\""
  quoted_json="\"${id//\"/\\\"}\""
  echo "$id" >> "$0.log"
  case $id in
    crash*) kill -SEGV $$ ;;
    hang*) exec sleep 60 ;;
    quits*) exit 7 ;;
    endless*) head -c 20000000 /dev/zero | tr '\0' x >&3; exec sleep 60 ;;
    killed*) kill -KILL $$ ;;
    stops*) kill -STOP $$ ;;
    large*) echo '{"graded":false,"kind":1,"stage":"write","reason":"cannot write x: File too large","stops_all":false}' >&3 ;;
    babbles*) echo 'not JSON' >&3 ;;
    bare*) echo '{}' >&3 ;;
    mistyped1) echo '{"graded":"yes"}' >&3 ;;
    mistyped2) echo '{"graded":true,"read_ms":1,"levels_ms":2,"grade_ms":3,"warnings":7}' >&3 ;;
    mistyped3) echo '{"graded":false,"stage":"write","reason":"x","stops_all":"no"}' >&3 ;;
    poor*) echo '{"graded":false,"kind":4,"stage":"levels","reason":"no lumbar discs found"}' >&3 ;;
    full*) echo '{"graded":false,"kind":1,"stage":"write","reason":"cannot write x: No space left on device","stops_all":true}' >&3 ;;
    alone*) kill -KILL "$(<"$0.fork_server")"; write_result; echo "$graded" >&3 ;;
    twice*) kill -INT $PPID; sleep 0.2; kill -INT $PPID; exec sleep 60 ;;
    interrupt*) kill -INT $PPID; sleep 0.5; write_result; echo "$graded" >&3 ;;
    *) write_result; echo "$graded" >&3 ;;
  esac
done
)sh";

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    std::ofstream(folder_ / "worker.sh") << kWorkerScript;
    std::ofstream(folder_ / "worker.sh.rows")
        << grades_csv("STUDY", "1.2", prior_grades(challenge_prevalence(), "test"));
    std::ofstream(folder_ / "worker.sh.summary")
        << nlohmann::json(std::vector<std::string>(study_summary_columns().size(), "cell")).dump();
    options_.data_set = folder_ / "data";
    options_.output = folder_ / "out";
    options_.pool = {{FORK_SERVER_OF_SCRIPTS, (folder_ / "worker.sh").string()}, 2, 30};
    options_.identity = {{"bundle_sha256", "s"}};
    fs::create_directories(options_.data_set);
  }

  void add_studies(const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      fs::create_directories(options_.data_set / id / "1");
      touch(options_.data_set / id / "1" / "1.dcm");
      // All studies look alike below their folders.
      std::ofstream(folder_ / "worker.sh.input") << input_fingerprint({id, options_.data_set / id, {}, ""});
    }
  }

  static void touch(const fs::path& file) {
    std::ofstream(file) << "x";
    fs::last_write_time(file, fs::file_time_type(std::chrono::hours(24)));
  }

  BatchSummary run() {
    return run_batch(options_,
                     {[](const BatchCounts&) {}, [this](const std::string& text) { warnings_ += text + "\n"; }});
  }

  std::string failure_of(const std::string& id) {
    const auto failure = ResultStore(shard_folder(options_.output, options_.shard)).read_failure(id);
    return failure ? failure->stage + ": " + failure->reason : "none";
  }

  /// How often a worker was asked for a study.
  long attempts(const std::string& id) { return lines(folder_ / "worker.sh.log", id); }
  long loads() { return lines(folder_ / "worker.sh.loads", "x"); }

  static long lines(const fs::path& file, const std::string& wanted) {
    std::ifstream log(file);
    long count = 0;
    for (std::string line; std::getline(log, line);) count += line == wanted;
    return count;
  }

  TemporaryFolder folder_;
  BatchOptions options_;
  std::string warnings_;
};

TEST_F(BatchTest, GradesEveryStudyOnce) {
  add_studies({"1", "2", "3", "4", "5"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 5U);
  EXPECT_EQ(summary.counts.left, 0U);
  EXPECT_EQ(summary.times.levels_ms, 10);
  EXPECT_EQ(summary.grader.bundle_name, "n");
  EXPECT_EQ(write_tables(collect_shards({options_.output}), options_.output).graded, 5U);
}

TEST_F(BatchTest, AStudyThatEndsItsProcessCostsThatStudyAlone) {
  add_studies({"1", "2", "3", "babbles", "crash", "quits", "poor"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 3U);
  EXPECT_EQ(summary.counts.failed, 4U);
  EXPECT_THAT(failure_of("crash"), HasSubstr("process: the process that read it was ended by signal 11"));
  EXPECT_THAT(failure_of("quits"), HasSubstr("exit code 7"));
  EXPECT_THAT(failure_of("babbles"), HasSubstr("process: "));
  EXPECT_EQ(failure_of("poor"), "levels: no lumbar discs found");
}

TEST_F(BatchTest, AReplyWithoutItsKeysOrOfOtherTypesCostsItsStudyAlone) {
  add_studies({"1", "2", "bare", "mistyped1", "mistyped2", "mistyped3", "z"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 3U);
  EXPECT_EQ(summary.counts.failed, 4U);
  for (const char* id : {"bare", "mistyped1", "mistyped2", "mistyped3"}) {
    EXPECT_THAT(failure_of(id), HasSubstr("process: ")) << id;
  }
}

TEST_F(BatchTest, AWorkerThatCallsItselfReadyInOtherWordsIsTheRunsError) {
  add_studies({"1"});
  options_.pool.workers = 1;
  std::ofstream(folder_ / "worker.sh") << R"([[ ${1-} == load ]] || { echo '{"ready":"yes"}' >&3; exec sleep 60; })";
  EXPECT_THAT(refusal([&] { run(); }), HasSubstr("worker processes do not start"));
}

TEST_F(BatchTest, AStudyThatHangsIsGivenUp) {
  add_studies({"1", "2", "hang"});
  options_.pool.study_timeout_s = 1;
  const Stopwatch watch;
  EXPECT_EQ(run().counts.graded, 2U);
  EXPECT_LT(watch.elapsed_ms(), 20'000);
  EXPECT_THAT(failure_of("hang"), HasSubstr("--timeout-per-study"));
}

TEST_F(BatchTest, FinishedStudiesAreSkippedAndFailedOnesTriedAgain) {
  add_studies({"1", "2", "poor"});
  run();
  const BatchSummary again = run();
  EXPECT_EQ(again.counts.skipped, 2U);
  EXPECT_EQ(again.counts.failed, 1U);
  EXPECT_EQ(attempts("1"), 1);
  EXPECT_EQ(attempts("poor"), 2);
}

TEST_F(BatchTest, RedoBeginsAgain) {
  add_studies({"1"});
  run();
  options_.redo = true;
  EXPECT_EQ(run().counts.graded, 1U);
  EXPECT_EQ(attempts("1"), 2);
}

TEST_F(BatchTest, RedoRemovesTheTablesOfWhatIsThrownAway) {
  add_studies({"interrupt", "later"});
  options_.pool.workers = 1;
  options_.output = folder_ / "out";
  fs::create_directories(options_.output / "shards");
  for (const char* table : {"grades.csv", "failures.csv", "run.json"}) std::ofstream(options_.output / table) << "old";
  options_.redo = true;
  EXPECT_EQ(run().counts.left, 1U);
  for (const char* table : {"grades.csv", "failures.csv", "run.json"}) {
    EXPECT_FALSE(fs::exists(options_.output / table)) << table;
  }
}

TEST_F(BatchTest, AnInterruptDuringTheLastStudyStopsNothing) {
  add_studies({"interrupt"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 1U);
  EXPECT_EQ(summary.stop_reason, "");
}

TEST_F(BatchTest, ADataSetWithoutStudiesIsAnErrorUnlessItMayBeEmpty) {
  EXPECT_THROW(run(), Error);
  options_.may_be_empty = true;
  EXPECT_EQ(run().counts.data_set, 0U);
  EXPECT_EQ(write_tables(collect_shards({options_.output}), options_.output).graded, 0U);
}

TEST_F(BatchTest, FailFastStopsAfterTheFirstFailure) {
  add_studies({"1", "2", "poor", "quits"});  // in this order
  options_.pool.workers = 1;
  options_.fail_fast = true;
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 2U);
  EXPECT_EQ(summary.counts.failed, 1U);
  EXPECT_EQ(summary.counts.left, 1U);
  EXPECT_THAT(summary.stop_reason, HasSubstr("--fail-fast"));
}

TEST_F(BatchTest, AnInterruptLetsTheRunningStudyFinishAndTheNextRunGoesOn) {
  add_studies({"interrupt", "later1", "later2"});
  options_.pool.workers = 1;
  const BatchSummary stopped = run();
  EXPECT_EQ(stopped.stop_reason, "interrupted");
  EXPECT_THAT(warnings_, HasSubstr("the studies at work are finished first"));
  EXPECT_EQ(stopped.counts.graded, 1U);
  EXPECT_EQ(stopped.counts.left, 2U);
  const BatchSummary rest = run();
  EXPECT_EQ(rest.counts.skipped, 1U);
  EXPECT_EQ(rest.counts.graded, 2U);
  EXPECT_EQ(attempts("interrupt"), 1);
}

TEST_F(BatchTest, ASecondInterruptDropsTheRunningStudy) {
  add_studies({"twice"});
  const Stopwatch watch;
  const BatchSummary stopped = run();
  EXPECT_LT(watch.elapsed_ms(), 20'000);
  EXPECT_EQ(stopped.stop_reason, "interrupted");
  EXPECT_EQ(stopped.counts.left, 1U);
  EXPECT_EQ(failure_of("twice"), "none");
}

TEST_F(BatchTest, StopsWhenMoreStudiesFailedThanAllowed) {
  add_studies({"poor1", "poor2", "poor3", "x4", "x5"});  // in this order
  options_.pool.workers = 1;
  options_.max_failures = 1;
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.failed, 2U);
  EXPECT_EQ(summary.counts.left, 3U);
  EXPECT_THAT(summary.stop_reason, HasSubstr("2 studies failed (--max-failures 1)"));
}

TEST_F(BatchTest, AnyFolderNameIsGradedAndItsTablesAreValidUtf8) {
  const std::vector<std::string> names = {"a b", "c,\"d\"", "e\nf", "\xC3\xA9", "g\xFFh", "%", "-x", "$(touch y)"};
  add_studies(names);
  EXPECT_EQ(run().counts.graded, names.size());
  write_tables(collect_shards({options_.output}), options_.output);
  const CsvTable grades = read_csv(options_.output / "grades.csv");
  std::set<std::string> ids;
  for (const auto& row : grades.rows) ids.insert(row.front());
  EXPECT_THAT(ids,
              testing::UnorderedElementsAre("a b", "c,\"d\"", "e%0Af", "\xC3\xA9", "g%FFh", "%", "%2Dx", "$(touch y)"));
}

TEST_F(BatchTest, AnUnusableFolderIsCountedAndListedByOneShard) {
  add_studies({"1", "2", "3"});
  for (const char* name : {"gone1", "gone2"}) fs::create_symlink("/nonexistent/study", options_.data_set / name);
  size_t failed = 0;
  for (int shard = 1; shard <= 3; ++shard) {
    options_.shard = {shard, 3};
    failed += run().counts.failed;
  }
  EXPECT_EQ(failed, 2U);
  EXPECT_EQ(write_tables(collect_shards({options_.output}), options_.output).failed, 2U);
}

TEST_F(BatchTest, AResultThatIsDamagedOrOfOtherFilesIsGradedAgainAndTold) {
  add_studies({"1", "2", "3", "4"});
  run();
  const ResultStore store(shard_folder(options_.output, options_.shard));
  fs::resize_file(store.result_file("1"), fs::file_size(store.result_file("1")) - 40);
  std::fstream changed(store.result_file("2"), std::ios::in | std::ios::out);
  changed.seekp(700);
  changed << '7';
  changed.close();
  std::ofstream(options_.data_set / "3" / "1" / "2.dcm") << "a new slice";
  warnings_.clear();
  const BatchSummary again = run();
  EXPECT_EQ(again.counts.skipped, 1U);
  EXPECT_EQ(again.counts.graded, 3U);
  EXPECT_EQ(attempts("4"), 1);
  EXPECT_THAT(warnings_, HasSubstr("1: its result is damaged"));
  EXPECT_THAT(warnings_, HasSubstr("2: its result is damaged"));
  EXPECT_THAT(warnings_, HasSubstr("3: files came, went or changed since it was graded"));
}

TEST_F(BatchTest, EveryStudyHasARowInStudiesCsvAndItsFirstWarningIsTold) {
  add_studies({"1", "poor"});
  EXPECT_EQ(run().counts.with_warnings, 1U);
  EXPECT_THAT(warnings_, HasSubstr("1: dark"));
  EXPECT_THAT(warnings_, HasSubstr("poor: levels: no lumbar discs found"));
  write_tables(collect_shards({options_.output}), options_.output);
  const CsvTable studies = read_csv(options_.output / "studies.csv");
  EXPECT_EQ(studies.header, study_summary_columns());
  ASSERT_EQ(studies.rows.size(), 2U);
  EXPECT_EQ(studies.rows[0], std::vector<std::string>(studies.header.size(), "cell"));
  EXPECT_EQ(studies.rows[1][0], "poor");
  EXPECT_EQ(studies.rows[1][2], "failed");
  EXPECT_EQ(studies.rows[1].back(), "levels: no lumbar discs found");
}

TEST_F(BatchTest, RowsOfATableThatFitNoStudyAreTold) {
  add_studies({"1", "2"});
  options_.series_descriptions = folder_ / "series.csv";
  std::ofstream(options_.series_descriptions) << "study_id,series_id,series_description\n1.0,1,Axial T2\n7,1,Axial T2\n"
                                                 "7,2,Axial T2\n8,1,Axial T2\n";
  run();
  EXPECT_THAT(warnings_, HasSubstr("series.csv are of 2 studies that the data set does not hold, such as 7"));
  EXPECT_THAT(warnings_, HasSubstr("3 rows of "));
}

TEST_F(BatchTest, AResultBeyondAFileSizeLimitCostsItsStudyAlone) {
  add_studies({"1", "large", "z"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 2U);
  EXPECT_EQ(failure_of("large"), "write: cannot write x: File too large");
}

TEST_F(BatchTest, KilledStoppedAndEndlessWorkersAreToldAsWhatTheyWere) {
  add_studies({"1", "endless", "killed", "stops", "z"});
  options_.pool.study_timeout_s = 5;
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 2U);
  EXPECT_EQ(summary.counts.failed, 3U);
  EXPECT_THAT(failure_of("killed"), HasSubstr("ended by signal 9 (Killed), sent by another process"));
  EXPECT_THAT(failure_of("stops"), HasSubstr("it took longer than --timeout-per-study"));
  EXPECT_THAT(failure_of("endless"), HasSubstr("what it had to tell was longer than 8 MiB"));
}

TEST_F(BatchTest, WorkersKilledOrStoppedWhileTheyLoadCostNoStudy) {
  add_studies({"1", "2", "3"});
  std::ofstream(folder_ / "worker.sh.first_starts_die") << "";
  EXPECT_EQ(run().counts.graded, 3U);
  fs::remove(folder_ / "worker.sh.first_starts_die");
  fs::remove(folder_ / "worker.sh.stops");
  std::ofstream(folder_ / "worker.sh.one_stops") << "";
  options_.output = folder_ / "out2";
  EXPECT_EQ(run().counts.graded, 3U);
}

TEST_F(BatchTest, WorkersThatDieAreReplacedWithoutLoadingAgain) {
  add_studies({"1", "2", "3", "crash1", "crash2", "crash3"});
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 3U);
  EXPECT_EQ(summary.counts.failed, 3U);
  EXPECT_EQ(loads(), 1);
}

TEST_F(BatchTest, AForkServerKilledOrStoppedWhileItLoadsCostsNoStudy) {
  add_studies({"1", "2", "3"});
  std::ofstream(folder_ / "worker.sh.first_loads_die") << "";
  EXPECT_EQ(run().counts.graded, 3U);
  EXPECT_EQ(loads(), 3);
  fs::remove(folder_ / "worker.sh.first_loads_die");
  fs::remove(folder_ / "worker.sh.loads");
  std::ofstream(folder_ / "worker.sh.first_load_stops") << "";
  options_.pool.start_timeout_s = options_.pool.study_timeout_s = 2;
  options_.output = folder_ / "out2";
  EXPECT_EQ(run().counts.graded, 3U);
  EXPECT_EQ(loads(), 2);
}

TEST_F(BatchTest, AForkServerThatIsKilledCostsNoWorkerAndIsBegunAnewWhenOneIsWanted) {
  add_studies({"1", "alone", "crash", "z"});  // in this order
  options_.pool.workers = 1;
  const BatchSummary summary = run();
  EXPECT_EQ(summary.counts.graded, 3U);
  EXPECT_EQ(summary.counts.failed, 1U);
  EXPECT_EQ(loads(), 2);
}

TEST_F(BatchTest, ABundleThatCannotBeLoadedIsTheRunsError) {
  add_studies({"1", "2"});
  std::ofstream(folder_ / "worker.sh") << "exit 1";
  try {
    run();
    FAIL() << "ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    EXPECT_STREQ(error.what(), "the bundle cannot be loaded");
  }
}

TEST_F(BatchTest, MoreWorkersThanAreBegunAtOnceGradeEveryStudy) {
  std::vector<std::string> ids(40);
  for (size_t k = 0; k < ids.size(); ++k) ids[k] = std::to_string(k);
  add_studies(ids);
  options_.pool.workers = 40;
  EXPECT_EQ(run().counts.graded, 40U);
}

TEST_F(BatchTest, AFullDiskStopsTheRunInsteadOfFailingEveryStudy) {
  add_studies({"full", "full2", "full3", "full4"});
  EXPECT_THROW(run(), Error);
  EXPECT_EQ(failure_of("full"), "none");
}

TEST_F(BatchTest, AWorkerThatCannotStartIsTheRunsError) {
  add_studies({"1"});
  options_.pool.command = {"/nonexistent/program"};
  EXPECT_THROW(run(), Error);
  std::ofstream(folder_ / "worker.sh")
      << R"([[ $1 ]] || echo '{"ready":false,"kind":5,"reason":"the bundle lies"}' >&3)";
  options_.pool.command = {FORK_SERVER_OF_SCRIPTS, (folder_ / "worker.sh").string()};
  try {
    run();
    FAIL() << "ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    EXPECT_STREQ(error.what(), "the bundle lies");
  }
}

TEST_F(BatchTest, ShardsTogetherGradeEveryStudyOnceAndGiveTheSameTable) {
  add_studies({"1", "2", "3", "4", "5", "6", "7", "poor"});
  run();
  write_tables(collect_shards({options_.output}), folder_ / "whole");
  options_.output = folder_ / "sharded";
  for (int shard = 1; shard <= 3; ++shard) {
    options_.shard = {shard, 3};
    run();
  }
  write_tables(collect_shards({options_.output}), folder_ / "joined");
  for (const char* table : {"grades.csv", "failures.csv"}) {
    EXPECT_EQ(read_csv(folder_ / "whole" / table).rows, read_csv(folder_ / "joined" / table).rows) << table;
  }
}

TEST_F(BatchTest, AnotherNumberOfShardsInTheSameOutputIsRefused) {
  add_studies({"1"});
  options_.shard = {1, 2};
  run();
  options_.shard = {1, 3};
  EXPECT_THROW(run(), Error);
}

TEST_F(BatchTest, AnOutputInsideTheDataSetIsNoStudy) {
  add_studies({"1", "2"});
  options_.output = options_.data_set / "out";
  EXPECT_EQ(run().counts.data_set, 2U);
  EXPECT_EQ(run().counts.data_set, 2U);
}

}  // namespace
}  // namespace lumbargrade
