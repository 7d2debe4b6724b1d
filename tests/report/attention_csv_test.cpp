#include "report/attention_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/csv.h"
#include "grades/grading.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;

TEST(AttentionCsv, HasARowForEveryImageOfEveryFindingThatANetworkGraded) {
  StudyGrades grades = prior_grades(challenge_prevalence(), "level_not_found");
  grades[8].attention = {{"sagittal_t1", "1.2", "1.2.7", 0.75}, {"sagittal_t1", "1.2", "1.2.8", 0.25}};
  grades[23].attention = {{"axial_t2", "1.3", "1.3.1", 1}};
  const CsvTable table = parse_csv(attention_csv("s", grades), "attention.csv");
  EXPECT_THAT(table.header, ElementsAre("study_id", "condition", "side", "level", "view", "series_instance_uid",
                                        "sop_instance_uid", "weight"));
  ASSERT_EQ(table.rows.size(), 3U);
  const Finding& first = all_findings()[8];
  EXPECT_THAT(table.rows[1],
              ElementsAre("s", std::string(condition_key(first.condition)), std::string(side_name(*first.side)),
                          std::string(level_name(first.level)), "sagittal_t1", "1.2", "1.2.8", "0.250000"));
  EXPECT_THAT(table.rows[2],
              ElementsAre("s", "spinal_canal_stenosis", "", "L4/L5", "axial_t2", "1.3", "1.3.1", "1.000000"));
}

TEST(AttentionCsv, OfAStudyThatNoNetworkGradedIsOnlyTheHeader) {
  const auto table = parse_csv(attention_csv("s", prior_grades(challenge_prevalence(), "x")), "attention.csv");
  EXPECT_TRUE(table.rows.empty());
}

}  // namespace
}  // namespace lumbargrade
