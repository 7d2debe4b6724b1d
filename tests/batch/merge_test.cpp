#include "batch/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "batch/refusal.h"
#include "batch/study_summary.h"
#include "batch/submission.h"
#include "core/error.h"
#include "grades/grading.h"
#include "report/grades_csv.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::vector<std::string> kIds = {"10", "20", "3", "4", "50", "a, \"b\""};

std::vector<std::string> summary_of(const std::string& id) {
  std::vector<std::string> cells(study_summary_columns().size());
  cells.front() = id;
  return cells;
}

/// A store as a finished shard leaves it; the studies in `failed` have no result.
ResultStore write_shard(const fs::path& folder, const Shard& shard, const std::vector<std::string>& failed = {}) {
  ResultStore store(folder);
  store.open({{"bundle_sha256", "aa"}}, false);
  Plan plan{shard, data_set_digest(kIds), {}, {}};
  for (const std::string& id : kIds) {
    if (!belongs_to(shard, id)) continue;
    plan.ids.push_back(id);
    if (std::find(failed.begin(), failed.end(), id) != failed.end()) {
      store.write_failure({id, "read", "unreadable, truly", "/x"});
    } else {
      std::ofstream(store.result_file(id)) << result_file_text(
          grades_csv(id, "1.2", prior_grades(challenge_prevalence(), "test")), {id, "", summary_of(id)});
    }
  }
  store.write_plan(plan);
  return store;
}

TEST(Merge, JoinsShardsSortedByIdWhateverTheirOrder) {
  const TemporaryFolder folder;
  write_shard(folder / "x", {2, 3});
  write_shard(folder / "y", {3, 3});
  write_shard(folder / "z", {1, 3}, kIds);
  const MergeCounts counts =
      write_tables(collect_shards({folder / "y", folder / "z", folder / "x"}), folder / "joined");
  EXPECT_EQ(counts.graded + counts.failed, kIds.size());
  const CsvTable grades = read_csv(folder / "joined/grades.csv");
  EXPECT_EQ(grades.rows.size(), 25 * counts.graded);
  EXPECT_TRUE(
      std::is_sorted(grades.rows.begin(), grades.rows.end(), [](const auto& a, const auto& b) { return a[0] < b[0]; }));
  EXPECT_EQ(read_csv(folder / "joined/failures.csv").rows.size(), counts.failed);
  const CsvTable studies = read_csv(folder / "joined/studies.csv");
  ASSERT_EQ(studies.rows.size(), kIds.size());
  for (size_t i = 0; i < kIds.size(); ++i) EXPECT_EQ(studies.rows[i][0], kIds[i]);
}

TEST(Merge, AMissingOrDoubleShardIsRefused) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 2});
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1"}); }), HasSubstr("shard 2/2 is missing"));
  write_shard(folder / "again", {1, 2});
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1", folder / "again"}); }), HasSubstr("there twice"));
}

TEST(Merge, ShardsOfAnotherCountDataSetOrBundleAreRefused) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 2});
  const ResultStore other = write_shard(folder / "2", {2, 3});
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1", folder / "2"}); }), HasSubstr("one of 3 shards"));
  other.write_plan({{2, 2}, "another", {"x"}, {}});
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1", folder / "2"}); }), HasSubstr("another data set"));
  other.open({{"bundle_sha256", "bb"}}, true);
  other.write_plan({{2, 2}, data_set_digest(kIds), {}, {}});
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1", folder / "2"}); }), HasSubstr("another bundle"));
}

TEST(Merge, ShardsWhoseStudiesTogetherAreNotTheDataSetAreRefused) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 2});
  const ResultStore other = write_shard(folder / "2", {2, 2});
  Plan plan = other.read_plan();
  ASSERT_FALSE(plan.ids.empty());
  plan.ids.pop_back();
  other.write_plan(plan);
  EXPECT_THAT(refusal([&] { collect_shards({folder / "1", folder / "2"}); }), HasSubstr("together are not the data"));
}

TEST(Merge, OneWriterAtATime) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 1});
  const FolderLock other_process(folder / "out");
  EXPECT_THAT(refusal([&] { write_tables(collect_shards({folder / "1"}), folder / "out"); }), HasSubstr("in use by"));
}

TEST(Merge, AStudyThatIsNotFinishedIsNamed) {
  const TemporaryFolder folder;
  const ResultStore store = write_shard(folder / "1", {1, 1});
  fs::remove(store.result_file("3"));
  EXPECT_THAT(refusal([&] { write_tables(collect_shards({folder / "1"}), folder / "out"); }),
              HasSubstr("1 of 6 studies are not finished, such as 3"));
  EXPECT_FALSE(fs::exists(folder / "out/grades.csv"));
}

TEST(Merge, ADamagedResultIsRefusedAndNamed) {
  const TemporaryFolder folder;
  const ResultStore store = write_shard(folder / "1", {1, 1});
  std::ifstream file(store.result_file("4"));
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  std::string digit_changed = whole;
  digit_changed[digit_changed.find(".751")] = ',';
  for (const std::string& damaged :
       {whole.substr(0, 900), whole.substr(0, whole.size() - 1), digit_changed, whole + "x", std::string()}) {
    std::ofstream(store.result_file("4")) << damaged;
    EXPECT_THAT(refusal([&] { write_tables(collect_shards({folder / "1"}), folder / "out"); }),
                HasSubstr("4.csv is damaged"));
  }
  EXPECT_FALSE(fs::exists(folder / "out/grades.csv"));
}

TEST(Merge, LeavesTheUsersHiddenFilesAlone) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 1});
  fs::create_directories(folder / "out");
  for (const char* name : {".notes.abcdef", ".grades.csv.a1B2c3", ".x.swp123"})
    std::ofstream(folder / "out" / name) << "mine";
  std::ofstream(folder / "out/.lumbargrade-partial-0123456789ab") << "half";
  write_tables(collect_shards({folder / "1"}), folder / "out");
  for (const char* name : {".notes.abcdef", ".grades.csv.a1B2c3", ".x.swp123"})
    EXPECT_TRUE(fs::exists(folder / "out" / name));
  EXPECT_FALSE(fs::exists(folder / "out/.lumbargrade-partial-0123456789ab"));
}

TEST(Submission, HasTwentyFiveRowsForEveryStudyAlsoForOnesThatFailedOrAreOnlyListed) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 1}, {"20"});
  const Submission submission = make_submission(collect_shards({folder / "1"}), {{}, {"99", "10"}},
                                                challenge_prevalence(), SubmissionScale::Weighted);
  const CsvTable table = parse_csv(submission.csv, "submission.csv");
  EXPECT_THAT(table.header, testing::ElementsAre("row_id", "normal_mild", "moderate", "severe"));
  EXPECT_EQ(table.rows.size(), 25 * 7U);
  EXPECT_EQ(table.rows[0][0], "10_left_neural_foraminal_narrowing_l1_l2");
  ASSERT_EQ(submission.failures.size(), 2U);
  EXPECT_EQ(submission.failures[0].reason, "unreadable, truly");
  EXPECT_EQ(submission.failures[1].study_id, "99");
}

TEST(Submission, WeightsProbabilitiesByTheMetricUnlessToldOtherwise) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 1});
  const ShardSet shards = collect_shards({folder / "1"});
  const SubmissionRows one_row = {{"10_spinal_canal_stenosis_l4_l5"}, {}};
  const auto row = [&](SubmissionScale scale) {
    return parse_csv(make_submission(shards, one_row, challenge_prevalence(), scale).csv, "s").rows.at(0);
  };
  // .751 : 2 * .120 : 4 * .129, normalised by 1.507.
  EXPECT_THAT(row(SubmissionScale::Weighted), testing::ElementsAre(testing::_, "0.498341", "0.159257", "0.342402"));
  EXPECT_THAT(row(SubmissionScale::Calibrated), testing::ElementsAre(testing::_, "0.751000", "0.120000", "0.129000"));
}

TEST(Submission, KeepsTheOrderOfTheSampleAndRefusesWhatIsNoRowId) {
  const TemporaryFolder folder;
  write_shard(folder / "1", {1, 1});
  const ShardSet shards = collect_shards({folder / "1"});
  const SubmissionRows sample = {{"50_spinal_canal_stenosis_l5_s1", "3_right_subarticular_stenosis_l1_l2"}, {}};
  const Submission submission = make_submission(shards, sample, challenge_prevalence(), SubmissionScale::Weighted);
  const CsvTable table = parse_csv(submission.csv, "s");
  EXPECT_EQ(table.rows[0][0], sample.row_ids[0]);
  EXPECT_EQ(table.rows[1][0], sample.row_ids[1]);
  EXPECT_THAT(refusal([&] {
                make_submission(shards, {{"50_hip_l5_s1"}, {}}, challenge_prevalence(), SubmissionScale::Weighted);
              }),
              HasSubstr("no row id"));
}

}  // namespace
}  // namespace lumbargrade
