#include "volume/slice_positions.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

SlicePositions along_x(const std::vector<double>& x_mm) {
  std::vector<Vector3> positions;
  for (const double x : x_mm) positions.emplace_back(x, 7, -3);
  return {positions, Vector3::UnitX(), 4};
}

TEST(SlicePositions, KnowsWhereEachSliceOfAStackLiesThatMissesOne) {
  const SlicePositions slices = along_x({0, 4, 12, 16});
  EXPECT_DOUBLE_EQ(slices.usual_step_mm(), 4);
  EXPECT_DOUBLE_EQ(slices.height_of(2), 12);
  EXPECT_DOUBLE_EQ(slices.height_of(1.5), 8);
  EXPECT_DOUBLE_EQ(slices.slice_at(8), 1.5);
  EXPECT_DOUBLE_EQ(slices.slice_at(14), 2.5);
  EXPECT_DOUBLE_EQ(slices.distance_mm(0, 3), 16);
  EXPECT_EQ(slices.nearest(9), 2);
  EXPECT_EQ(slices.nearest(6), 1);
}

TEST(SlicePositions, GoesOnInUsualStepsBeyondTheLastSlice) {
  const SlicePositions slices = along_x({0, 4, 12, 16});
  EXPECT_DOUBLE_EQ(slices.slice_at(20), 4);
  EXPECT_DOUBLE_EQ(slices.height_of(-1), -4);
}

TEST(SlicePositions, CountsTheNormalTowardsTheLastSlice) {
  const SlicePositions slices = along_x({10, 5, 0});
  EXPECT_DOUBLE_EQ(slices.normal().x(), -1);
  EXPECT_DOUBLE_EQ(slices.slice_at(slices.height_mm(Vector3(5, 0, 0))), 1);
}

TEST(SlicePositions, TellsGapsAndWhatEachSliceStandsFor) {
  const SlicePositions slices = along_x({0, 4, 12, 16});
  ASSERT_EQ(slices.gaps().size(), 1u);
  EXPECT_DOUBLE_EQ(slices.gaps()[0].first_mm, 4);
  EXPECT_DOUBLE_EQ(slices.gaps()[0].last_mm, 12);
  EXPECT_DOUBLE_EQ(slices.share_mm(1), 4);
  EXPECT_TRUE(along_x({0, 4, 9, 13}).gaps().empty());
  EXPECT_DOUBLE_EQ(along_x({0, 4, 9, 13}).share_mm(1), 4.5);
}

TEST(SlicePositions, OfASingleSliceAreThatOne) {
  const SlicePositions slices = along_x({3});
  EXPECT_DOUBLE_EQ(slices.usual_step_mm(), 4);
  EXPECT_DOUBLE_EQ(slices.slice_at(3), 0);
  EXPECT_DOUBLE_EQ(slices.slice_at(7), 1);
  EXPECT_EQ(slices.nearest(100), 0);
}

}  // namespace
}  // namespace lumbargrade
