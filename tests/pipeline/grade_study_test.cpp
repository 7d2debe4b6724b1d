#include "pipeline/grade_study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/stopwatch.h"

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Volume one_slice(const std::string& uid) {
  Volume volume;
  volume.series_instance_uid = uid;
  volume.slices = 1;
  volume.columns = volume.rows = 200;
  volume.patient_from_index.linear() << 0, 0, 4, 1, 0, 0, 0, -1, 0;
  volume.patient_from_index.translation() = Vector3(0, -100, 100);
  volume.sources.push_back({"", "", 0, volume.patient_from_index.translation()});
  return volume;
}

Spine spine_of(int levels) {
  Spine spine;
  for (int i = 0; i < levels; ++i) {
    LevelFrame frame;
    frame.level = kLevels[static_cast<size_t>(i)];
    frame.confidence = 1;
    frame.canal = CanalMeasure{9, 12, Vector3::Zero(), 0};
    spine.levels[static_cast<size_t>(i)] = frame;
  }
  return spine;
}

Grader grader_finding(int levels) {
  Grader grader;
  MeasureModel canal{"", 0, 1, 1, {}};
  canal.levels.fill({8, 6, 12});
  grader.model.measure(Measure::CanalAp) = canal;
  grader.model.prior = challenge_prevalence();
  grader.locate = [levels](const Volume&) { return spine_of(levels); };
  return grader;
}

PreparedStudy study_with(std::optional<Volume> t1, std::optional<Volume> t2) {
  Study study;
  study.study_id = "17";
  study.sagittal_t1 = std::move(t1);
  study.sagittal_t2 = std::move(t2);
  return {std::move(study)};
}

TEST(GradeStudy, PrefersSagittalT2) {
  const StudyResult result = grade_study(study_with(one_slice("t1"), one_slice("t2")), grader_finding(5));
  EXPECT_EQ(result.grades[20].series_instance_uid, "t2");
  EXPECT_EQ(result.study_id, "17");
}

TEST(GradeStudy, FallsBackToSagittalT1AndSaysSoInTheMeasuredRows) {
  const StudyResult result = grade_study(study_with(one_slice("t1"), std::nullopt), grader_finding(5));
  EXPECT_EQ(result.grades[20].series_instance_uid, "t1");
  EXPECT_THAT(result.grades[20].flags, Contains("measured_on_t1"));
  EXPECT_THAT(result.grades[0].flags, Not(Contains("measured_on_t1")));
}

TEST(GradeStudy, WithoutASagittalSeriesNothingIsGraded) {
  try {
    grade_study(study_with(std::nullopt, std::nullopt), grader_finding(5));
    FAIL() << "graded";
  } catch (const StudyError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoUsableStudy);
    EXPECT_EQ(error.stage(), "levels");
    EXPECT_THAT(error.what(), HasSubstr("no sagittal series"));
  }
}

TEST(GradeStudy, WithoutDiscsNothingIsGraded) {
  try {
    grade_study(study_with(std::nullopt, one_slice("t2")), grader_finding(0));
    FAIL() << "graded";
  } catch (const StudyError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoUsableStudy);
    EXPECT_THAT(error.what(), HasSubstr("no lumbar discs found"));
  }
}

TEST(GradeStudy, AMissingFolderIsAnErrorOfReading) {
  try {
    read_and_grade("/nonexistent/study", {}, grader_finding(5));
    FAIL() << "graded";
  } catch (const StudyError& error) {
    EXPECT_EQ(error.stage(), "read");
  }
}

TEST(Stopwatch, TheProcessStartedBeforeThisTestAndNotLongAgo) {
  EXPECT_GT(ms_since_process_start(), 0);
  EXPECT_LT(ms_since_process_start(), 600'000);
}

}  // namespace
}  // namespace lumbargrade
