#include "report/grades_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/csv.h"
#include "grades/grading.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

StudyGrades graded_study() {
  StudyGrades grades = prior_grades(challenge_prevalence(), "canal_not_measured");
  Grade& canal = grades[23];  // spinal canal, L4/L5
  canal.probabilities = {0.25, 0.5, 0.25};
  canal.source = GradeSource::Measure;
  canal.level_confidence = 0.9;
  canal.series_instance_uid = "1.2.3";
  canal.sop_instance_uid = "1.2.3.4";
  canal.point_patient = Vector3(-1.5, 20, 300.123456789);
  canal.point_origin = {PointSource::Network, 0.875};
  canal.measured[Measure::CanalAp] = MeasuredValue{7.25, -1.5};
  canal.measured[Measure::CanalRatio] = MeasuredValue{0.625, std::nullopt};
  canal.decided_by = {Measure::CanalAp, Measure::CanalRatio};
  canal.flags = {"transitional_vertebra"};
  return grades;
}

TEST(GradesCsv, HasTheColumnsOfItsFormat) {
  // Where this list changes, kGradesCsvFormat must rise: else a batch resumes with a table of other columns.
  ASSERT_EQ(kGradesCsvFormat, 3);
  const CsvTable table = parse_csv(grades_csv("s", "1.2", graded_study()), "grades.csv");
  EXPECT_THAT(table.header, ElementsAreArray({"study_id",
                                              "study_instance_uid",
                                              "condition",
                                              "side",
                                              "level",
                                              "normal_mild",
                                              "moderate",
                                              "severe",
                                              "grade",
                                              "source",
                                              "decided_by",
                                              "level_confidence",
                                              "series_instance_uid",
                                              "sop_instance_uid",
                                              "x_mm",
                                              "y_mm",
                                              "z_mm",
                                              "canal_ap_mm",
                                              "canal_ap_mm_z",
                                              "canal_ratio",
                                              "canal_ratio_z",
                                              "canal_fluid_ratio",
                                              "canal_fluid_ratio_z",
                                              "sac_area_mm2",
                                              "sac_area_mm2_z",
                                              "recess_area_mm2",
                                              "recess_area_mm2_z",
                                              "recess_depth_mm",
                                              "recess_depth_mm_z",
                                              "foramen_fat_share",
                                              "foramen_fat_share_z",
                                              "flags",
                                              "point_source",
                                              "point_confidence"}));
  EXPECT_EQ(table.rows.size(), 25U);
}

TEST(GradesCsv, AMeasuredRowHoldsWhatWasMeasured) {
  const CsvTable table = parse_csv(grades_csv("s", "1.2", graded_study()), "grades.csv");
  EXPECT_THAT(table.rows[23], ElementsAreArray({"s",
                                                "1.2",
                                                "spinal_canal_stenosis",
                                                "",
                                                "L4/L5",
                                                "0.250000",
                                                "0.500000",
                                                "0.250000",
                                                "moderate",
                                                "measure",
                                                "canal_ap_mm canal_ratio",
                                                "0.900000",
                                                "1.2.3",
                                                "1.2.3.4",
                                                "-1.500000",
                                                "20.000000",
                                                "300.123457",
                                                "7.250000",
                                                "-1.500000",
                                                "0.625000",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "",
                                                "research_use_only transitional_vertebra",
                                                "network",
                                                "0.875000"}));
}

TEST(GradesCsv, APriorRowLeavesEmptyWhatWasNotLookedAt) {
  const CsvTable table = parse_csv(grades_csv("s", "1.2", graded_study()), "grades.csv");
  EXPECT_THAT(table.rows[0], ElementsAreArray({"s",
                                               "1.2",
                                               "neural_foraminal_narrowing",
                                               "left",
                                               "L1/L2",
                                               "0.964000",
                                               "0.032000",
                                               "0.004000",
                                               "normal_mild",
                                               "prior",
                                               "",
                                               "0.000000",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "",
                                               "research_use_only canal_not_measured",
                                               "",
                                               ""}));
}

TEST(GradesCsv, AStudyNamedWithCommasQuotesAndLineBreaksStaysOneFieldOnOneLine) {
  const std::string name = "Müller, \"Ann\"\n2";
  const CsvTable table = parse_csv(grades_csv(name, "1.2", graded_study()), "grades.csv");
  EXPECT_EQ(table.rows.size(), 25U);
  EXPECT_EQ(table.rows[24][0], "Müller, \"Ann\"\\x0A2");
}

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
