#include "study/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

fs::path spider_study(const std::string& study) {
  return fs::path(LUMBARGRADE_SHARED) / "data/spider/train_images" / study;
}

#define REQUIRE_SHARED_DATA(path) \
  if (!fs::exists(path)) GTEST_SKIP() << "needs " << (path) << ", which is not part of the repository"

TEST(LoadStudy, ReadsAStudyInTheChallengeLayout) {
  REQUIRE_SHARED_DATA(spider_study("900005"));
  const Study study = load_study(spider_study("900005"));
  EXPECT_EQ(study.study_id, "900005");
  EXPECT_THAT(study.warnings, testing::IsEmpty());
  ASSERT_EQ(study.series.size(), 1u);
  EXPECT_EQ(study.series[0].folder, "9000052");
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_FALSE(study.sagittal_t1);
  EXPECT_EQ(study.sagittal_t2->slices, 18);
  EXPECT_EQ(study.sagittal_t2->rows, 640);
  EXPECT_EQ(study.sagittal_t2->columns, 512);
  // Header of 1.dcm: position -7.65\-120\150, columns towards +y, rows towards -z, 0.46875 mm, 0.9 mm apart.
  // The normal points to -x, so the volume starts with the last instance.
  const Vector3 corner = study.sagittal_t2->patient_from_index * Vector3(0, 0, 0);
  EXPECT_NEAR(corner.x(), -7.65 + 17 * 0.9, 1e-6);
  EXPECT_NEAR(corner.y(), -120, 1e-6);
  const Vector3 step = study.sagittal_t2->patient_from_index * Vector3(1, 2, 3) - corner;
  EXPECT_NEAR((step - Vector3(-2.7, 0.46875, -2 * 0.46875)).norm(), 0, 1e-6);
}

}  // namespace
}  // namespace lumbargrade
