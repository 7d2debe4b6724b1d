#include "metric/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/table.h"
#include "metric/metric_data.h"
#include "metric/score.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using ::testing::HasSubstr;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Replaces the first `from`, which must be there.
std::string with(std::string content, const std::string& from, const std::string& to) {
  const auto place = content.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return content.replace(place, from.size(), to);
}

template <typename Action>
std::string refusal(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "accepted";
}

std::string submission_refusal(const std::string& content) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "s.csv", content);
  return refusal([&] { read_submission(folder / "s.csv", read_truth(small_file("train"))); });
}

std::string truth_refusal(const std::string& content) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "t.csv", content);
  return refusal([&] { read_truth(folder / "t.csv"); });
}

const char* const kRow = "3147575887_right_neural_foraminal_narrowing_l1_l2,0.00151686,0.001535579,0.996947561";

std::string submission_with_row(const std::string& row) {
  return with(content_of(small_file("model")), kRow, row);
}

TEST(Submission, IsRefusedWithTheReasonAndTheLine) {
  const std::string id = "3147575887_right_neural_foraminal_narrowing_l1_l2";
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0,0,0")),
              HasSubstr("s.csv line 4: all three probabilities are 0"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0.5,0.5,inf")),
              HasSubstr("line 4: inf in column severe is not finite"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",nan,0.5,0.5")), HasSubstr("is not finite"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0.5,-0.01,0.5")),
              HasSubstr("-0.01 in column moderate is negative"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0.5,,0.5")),
              HasSubstr("\"\" in column moderate is not a number"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0.5,0x1p-1,0.5")), HasSubstr("is not a number"));
  EXPECT_THAT(submission_refusal(submission_with_row(id + ",0.5,high,0.5")),
              HasSubstr("\"high\" in column moderate is not a number"));
  EXPECT_THAT(submission_refusal(submission_with_row(std::string(kRow) + "\n" + kRow)),
              HasSubstr("line 5: row 3147575887_right_neural_foraminal_narrowing_l1_l2 occurs twice"));
  EXPECT_THAT(submission_refusal(with(content_of(small_file("model")), std::string(kRow) + "\n", "")),
              HasSubstr("row 3147575887_right_neural_foraminal_narrowing_l1_l2 is missing"));
  EXPECT_THAT(submission_refusal(submission_with_row("12_spinal_canal_stenosis_l9_l1,1,0,0")),
              HasSubstr("unknown row \"12_spinal_canal_stenosis_l9_l1\""));
  EXPECT_THAT(submission_refusal(submission_with_row("12_spinal_canal_stenosis_l1_l2,1,0,0")),
              HasSubstr("study 12 is not in the truth"));
}

TEST(Submission, NeedsExactlyItsFourColumns) {
  const std::string model = content_of(small_file("model"));
  EXPECT_THAT(submission_refusal(with(model, "severe", "worst")), HasSubstr("unknown column \"worst\""));
  EXPECT_THAT(submission_refusal("row_id,normal_mild,moderate\n"), HasSubstr("the column \"severe\" is missing"));
}

TEST(Submission, ReadsTheSameWithCarriageReturnsAndAByteOrderMark) {
  const TemporaryFolder folder;
  std::string content = "\xEF\xBB\xBF" + content_of(small_file("model"));
  for (std::size_t i = 0; (i = content.find('\n', i)) != std::string::npos; i += 2) content.replace(i, 1, "\r\n");
  write_file_atomically(folder / "s.csv", content);
  const auto studies = read_submission(folder / "s.csv", read_truth(small_file("train")));
  EXPECT_EQ(studies[0].cases[0]->probabilities, small_submission("model")[0].cases[0]->probabilities);
}

/// The same predictions as `grade` and `batch` write them.
std::string as_grades_table(const std::filesystem::path& submission) {
  std::string table = "study_id,condition,side,level,normal_mild,moderate,severe,grade\n";
  for (const TableRow row : Table(submission, ErrorKind::Failure)) {
    const RowId id = *parse_row_id(row.field("row_id"));
    const Finding& finding = all_findings()[id.finding];
    table +=
        csv_line({id.study_id, std::string(condition_key(finding.condition)),
                  finding.side ? std::string(side_name(*finding.side)) : "", std::string(level_name(finding.level)),
                  row.field("normal_mild"), row.field("moderate"), row.field("severe"), "moderate"});
  }
  return table;
}

TEST(Submission, MayBeATableOfGrades) {
  const Truth truth = read_truth(small_file("train"));
  const TemporaryFolder folder;
  const std::string table = as_grades_table(small_file("model"));
  write_file_atomically(folder / "grades.csv", table);
  EXPECT_EQ(score_of(read_submission(folder / "grades.csv", truth)).score,
            score_of(read_submission(small_file("model"), truth)).score);
  const std::string first_row = table.substr(table.find('\n') + 1, table.find('\n', 80) - table.find('\n'));
  EXPECT_THAT(submission_refusal(table + first_row), HasSubstr("occurs twice"));
  EXPECT_THAT(submission_refusal(with(table, "foraminal_narrowing,left", "foraminal_narrowing,")),
              HasSubstr("no finding"));
}

TEST(Submission, InEveryFileThatMustBeRefusedIsRefusedForItsOwnReason) {
  const auto folder = shared_metric_folder();
  if (folder.empty()) GTEST_SKIP() << "no shared/data/metric";
  const std::map<std::string, std::string> reasons = {{"all_zero_row", "all three probabilities are 0"},
                                                      {"infinite", "is not finite"},
                                                      {"missing_column", "\"moderate\" is missing"},
                                                      {"missing_row", "is missing"},
                                                      {"negative", "is negative"},
                                                      {"not_a_number", "is not a number"},
                                                      {"repeated_row", "occurs twice"},
                                                      {"text", "is not a number"},
                                                      {"unknown_row", "unknown row"}};
  const Truth truth = read_truth(folder / "small_solution.csv");
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / "refused")) {
    const std::string reason = refusal([&] { read_submission(file.path(), truth); });
    EXPECT_THAT(reason, HasSubstr(reasons.at(file.path().stem()))) << file.path();
    ++files;
  }
  EXPECT_EQ(files, 9);
}

TEST(Truth, IsTheSameFromBothKindsOfFile) {
  const Truth training = read_truth(small_file("train"));
  const Truth solution = read_truth(small_file("solution"));
  ASSERT_EQ(training.size(), solution.size());
  for (const StudyLabels& study : training) {
    const auto other =
        std::find_if(solution.begin(), solution.end(), [&](const auto& s) { return s.study_id == study.study_id; });
    ASSERT_NE(other, solution.end()) << study.study_id;
    for (std::size_t i = 0; i < kFindingCount; ++i) {
      ASSERT_EQ(study.labels[i].has_value(), other->labels[i].has_value());
      EXPECT_EQ(study.labels[i]->severity, other->labels[i]->severity);
      EXPECT_EQ(study.labels[i]->weight, other->labels[i]->weight);
    }
  }
}

TEST(Truth, IsRefusedWithTheReason) {
  const std::string train = content_of(small_file("train"));
  const std::string solution = content_of(small_file("solution"));
  EXPECT_THAT(truth_refusal(with(train, "Severe", "Terrible")), HasSubstr("unknown grade \"Terrible\""));
  EXPECT_THAT(truth_refusal(with(train, "_l5_s1,", "_l5_s2,")), HasSubstr("is missing"));
  EXPECT_THAT(truth_refusal(with(train, "1221752997", "1137058026")),
              HasSubstr("line 3: study 1137058026 occurs twice"));
  EXPECT_THAT(truth_refusal(with(solution, ",1,0,0,1", ",1,1,0,1")),
              HasSubstr("line 2: a solution has one 1 and two 0"));
  EXPECT_THAT(truth_refusal(with(solution, ",1,0,0,1", ",0,0,0,1")),
              HasSubstr("line 2: a solution has one 1 and two 0"));
  EXPECT_THAT(truth_refusal("a,b\n1,2\n"), HasSubstr("has neither a column study_id"));
}

TEST(Truth, LeavesEmptyGradesUnlabelled) {
  const TemporaryFolder folder;
  const std::string line = "1137058026,Normal/Mild,";
  write_file_atomically(folder / "t.csv", with(content_of(small_file("train")), line, "1137058026,,"));
  const Truth truth = read_truth(folder / "t.csv");
  EXPECT_EQ(truth[0].labels[20], std::nullopt);  // spinal canal, L1/L2
  EXPECT_FALSE(read_submission(small_file("model"), truth)[0].cases[20]);
}

}  // namespace
}  // namespace lumbargrade
