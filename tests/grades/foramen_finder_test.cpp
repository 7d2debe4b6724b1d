#include "grades/foramen_finder.h"

#include <gtest/gtest.h>

#include <numeric>

#include "fat_gap.h"

namespace lumbargrade {
namespace {

CropPlacement usual_at(const Vector3& point, double to_the_left = 1) {
  CropPlacement placement;
  placement.point_patient = point;
  placement.lateral = Vector3(to_the_left, 0, 0);
  return placement;
}

TEST(ForamenFinder, FindsSliceAndPlaceOfTheGapOnBothSides) {
  for (const double side : {1.0, -1.0}) {
    const Vector3 gap(side * 17.6, -4, 7);
    const Volume volume = volume_with_gap(gap);
    for (const Vector3& away : {Vector3(5, 4, -5), Vector3(-5, -3, 6), Vector3(1, 0, 0)}) {
      const auto found = find_foramen(foramen_places({&volume}, usual_at(gap + away, side)), gap_finder());
      ASSERT_TRUE(found);
      EXPECT_NEAR(found->x(), gap.x(), 1e-6) << "on the slice that shows it";
      EXPECT_LT((*found - gap).norm(), 1.5) << away.transpose();
    }
  }
}

TEST(ForamenFinder, BrightnessAndScaleOfTheSeriesDoNotMatter) {
  const Vector3 gap(17.6, -4, 7);
  Volume volume = volume_with_gap(gap);
  const auto usual = usual_at(gap + Vector3(2, 3, 3));
  const auto before = find_foramen(foramen_places({&volume}, usual), gap_finder());
  for (float& value : volume.voxels) value = 3 * value + 1000;
  EXPECT_LT((*find_foramen(foramen_places({&volume}, usual), gap_finder()) - *before).norm(), 0.1);
}

TEST(ForamenFinder, WithoutAnyWeightTheUsualPlaceStands) {
  const Vector3 usual(13.2, -4, 7);  // on a slice
  const Volume volume = volume_with_gap(usual + Vector3(0, 5, 5));
  const auto found = find_foramen(foramen_places({&volume}, usual_at(usual)), ForamenFinder{});
  ASSERT_TRUE(found);
  EXPECT_LT((*found - usual).norm(), 1e-6);
}

TEST(ForamenFinder, ProbabilitiesSumToOneAndThereAreNoneWithoutASlice) {
  const Volume volume = volume_with_gap({17.6, 0, 0});
  const auto probabilities = place_probabilities(foramen_places({&volume}, usual_at({17, 0, 0})), gap_finder());
  ASSERT_FALSE(probabilities.empty());
  EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-9);
  EXPECT_TRUE(foramen_places({&volume}, usual_at({60, 0, 0})).empty());
  EXPECT_FALSE(find_foramen({}, gap_finder()));
}

TEST(ForamenFinder, BeyondTheLastSliceItLooksAsInThatSlice) {
  const Vector3 gap(26.4, -4, 7);  // the last slice
  const Volume volume = volume_with_gap(gap);
  const auto places = foramen_places({&volume}, usual_at(gap));
  ASSERT_FALSE(places.empty());
  const auto found = find_foramen(places, gap_finder());
  EXPECT_LT((*found - gap).norm(), 1.5);
}

}  // namespace
}  // namespace lumbargrade
