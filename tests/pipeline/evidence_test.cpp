#include "pipeline/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

/// Sagittal slices of 200 x 300 mm at these places, from y -100 and from z 100 down.
Volume slices_at(const std::vector<double>& x_mm) {
  Volume volume;
  volume.columns = 200;
  volume.rows = 300;
  volume.slices = static_cast<int>(x_mm.size());
  volume.patient_from_index.linear() << 0, 0, 4, 1, 0, 0, 0, -1, 0;
  volume.patient_from_index.translation() = Vector3(x_mm.front(), -100, 100);
  for (const double x : x_mm) volume.sources.push_back({"", "", 0, Vector3(x, -100, 100)});
  return volume;
}

/// Five levels from z 50 down, 36 mm apart, the canal at x.
Spine spine_at(double x_mm) {
  Spine spine;
  for (size_t k = 0; k < spine.levels.size(); ++k) {
    LevelFrame frame;
    frame.level = kLevels[k];
    frame.confidence = 1;
    frame.centre_patient = Vector3(x_mm, 0, 50 - 36 * static_cast<double>(k));
    frame.canal_patient = frame.centre_patient + Vector3(0, 25, 0);
    spine.levels[k] = frame;
  }
  return spine;
}

TEST(WeighEvidence, LeavesAWholeStackAsItIs) {
  Spine spine = spine_at(0);
  weigh_evidence(slices_at({-12, -8, -4, 0, 4, 8, 12}), spine);
  EXPECT_THAT(spine.flags, IsEmpty());
  EXPECT_EQ(spine.levels[0]->confidence, 1);
}

TEST(WeighEvidence, LowersTheConfidenceWhereSlicesOfTheCanalAreMissing) {
  Spine spine = spine_at(3);
  weigh_evidence(slices_at({-16, -12, -8, 8, 12, 16}), spine);
  EXPECT_THAT(spine.flags, Contains("slices_missing"));
  EXPECT_DOUBLE_EQ(spine.levels[2]->confidence, 0.25);  // one slice in 16 mm where four are usual
}

TEST(WeighEvidence, DoesNotMindAGapFarFromTheCanal) {
  Spine spine = spine_at(0);
  weigh_evidence(slices_at({-32, -28, -20, -16, -12, -8, -4, 0, 4, 8}), spine);
  EXPECT_THAT(spine.flags, IsEmpty());
}

TEST(WeighEvidence, TellsASingleImage) {
  Spine spine = spine_at(0);
  weigh_evidence(slices_at({0}), spine);
  EXPECT_THAT(spine.flags, Contains("single_image"));
  EXPECT_LT(spine.levels[0]->confidence, 1);
}

TEST(WeighEvidence, TellsAFieldOfViewThatCutsTheSpine) {
  Volume cut = slices_at({-4, 0, 4});
  cut.rows = 195;  // ends at z -94; L5/S1 lies at z -94
  Spine spine = spine_at(0);
  weigh_evidence(cut, spine);
  EXPECT_THAT(spine.flags, Contains("field_of_view_cut"));
  Spine without_lowest = spine_at(0);
  without_lowest.levels[4].reset();
  weigh_evidence(slices_at({-4, 0, 4}), without_lowest);
  EXPECT_THAT(without_lowest.flags, Not(Contains("field_of_view_cut")));  // there was room for it
  cut.rows = 170;
  Spine cut_off = without_lowest;
  cut_off.flags.clear();
  weigh_evidence(cut, cut_off);
  EXPECT_THAT(cut_off.flags, Contains("field_of_view_cut"));
}

TEST(FlagMissingSeries, FlagsTheRowsThatWantThem) {
  Study study;
  StudyGrades grades;
  for (size_t k = 0; k < grades.size(); ++k) grades[k].finding = all_findings()[k];
  flag_missing_series(study, grades);
  for (const Grade& grade : grades) {
    const bool foramen = grade.finding.condition == Condition::NeuralForaminalNarrowing;
    const bool recess = grade.finding.condition == Condition::SubarticularStenosis;
    EXPECT_EQ(grade.flags.empty(), !foramen && !recess);
    if (foramen) {
      EXPECT_THAT(grade.flags, testing::ElementsAre("no_sagittal_t1"));
    }
    if (recess) {
      EXPECT_THAT(grade.flags, testing::ElementsAre("no_axial_t2"));
    }
  }
}

}  // namespace
}  // namespace lumbargrade
