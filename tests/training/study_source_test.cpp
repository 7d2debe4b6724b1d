#include "training/grader/study_source.h"

#include <gtest/gtest.h>

#include <fstream>

#include "temporary_folder.h"
#include "training/silent_study.h"

namespace lumbargrade {
namespace {

/// The study of silent_study.h; on slice 11 of its T1.
void write_points(const std::filesystem::path& path) {
  std::ofstream(path) << "study_id,series_id,instance_number,condition,level,x,y,confidence\n"
                      << "77,1.2.3.1,11,Left Neural Foraminal Narrowing,L3/L4,70,75,0.9\n"
                      << "77,1.2.3.1,11,Right Neural Foraminal Narrowing,L3/L4,70,75,0.4\n"
                      << "77,1.2.3.1,11,Left Neural Foraminal Narrowing,L1/L2,70,75,0.9\n";
}

TEST(StudySource, PutsOutOfFoldPointsInPlaceOfTheBundlesOwnWhereTheyAreSureEnough) {
  const TemporaryFolder folder;
  write_silent_series(folder / "train_images/77", "1.2.3.1", -150);
  write_silent_series(folder / "train_images/77", "1.2.3.2", 150);
  write_points(folder / "points.csv");
  Grader grader;
  grader.locate = [](const Volume&) { return three_levels(); };
  grader.find_points = [](const Study&, Spine&) { FAIL() << "the bundle's networks have seen the study"; };
  grader.model.points = PointsSpec{"", 0.5};
  const TrainingFolder data(folder.path());
  const StudySource source(data, grader, folder / "points.csv");
  const PreparedStudy prepared = source.read("77");
  const Spine spine = source.spine(prepared);
  const FoundPoints& points = spine.levels[index_of(Level::L3L4)]->points;
  ASSERT_TRUE(points.foramina[index_of(Side::Left)]);
  EXPECT_EQ(points.foramina[index_of(Side::Left)]->confidence, 0.9);
  EXPECT_FALSE(points.foramina[index_of(Side::Right)]) << "below the least confidence";
  EXPECT_FALSE(points.canal);
  EXPECT_FALSE(spine.levels[index_of(Level::L1L2)]) << "a level that was not found has no points";
  const Volume volume = patterned_volume(4.4, 15, "1.2.3.1");
  const Vector3 expected = volume.patient_from_index * Vector3(70, 75, 10);
  EXPECT_LT((points.foramina[index_of(Side::Left)]->point_patient - expected).norm(), 0.01);
}

}  // namespace
}  // namespace lumbargrade
