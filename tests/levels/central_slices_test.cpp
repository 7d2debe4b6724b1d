#include "levels/central_slices.h"

#include <gmock/gmock.h>

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SlicePositions at_mm(const std::vector<double>& x_mm, double usual_step_mm = 1) {
  std::vector<Vector3> positions;
  for (const double x : x_mm) positions.emplace_back(x, 0, 0);
  return {positions, Vector3::UnitX(), usual_step_mm};
}

SlicePositions evenly(double step_mm, int count) {
  std::vector<double> x_mm;
  for (int k = 0; k < count; ++k) x_mm.push_back(k * step_mm);
  return at_mm(x_mm, step_mm);
}

TEST(SliceWithMostCanal, IsTheVertexWhereSlicesAreMissingToo) {
  const std::vector<double> x_mm = {0, 4, 12, 16, 20};
  std::vector<double> areas;
  for (const double x : x_mm) areas.push_back(500 - (x - 10.5) * (x - 10.5));
  const SlicePositions slices = at_mm(x_mm);
  EXPECT_NEAR(slices.height_of(slice_with_most_canal(areas, slices)), 10.5, 1e-9);
}

TEST(CentralSlices, AreCountedInMillimetresWhereSlicesAreMissing) {
  EXPECT_THAT(central_slices(1, at_mm({0, 2, 8, 10})), ElementsAre(1, 0));
  EXPECT_THAT(central_slices(2, at_mm({0, 2, 8, 10})), ElementsAre(2, 3));
}

TEST(SliceWithMostCanal, IsTheVertexOfAParabola) {
  std::vector<double> areas;
  for (int k = 0; k < 9; ++k) areas.push_back(100 - (k - 4.3) * (k - 4.3));
  EXPECT_NEAR(slice_with_most_canal(areas, evenly(1, 9)), 4.3, 1e-9);
}

TEST(SliceWithMostCanal, AtTheEndOfTheStackIsThatSlice) {
  EXPECT_EQ(slice_with_most_canal({1, 2, 3}, evenly(1, 3)), 2);
  EXPECT_EQ(slice_with_most_canal({5}, evenly(1, 1)), 0);
  EXPECT_EQ(slice_with_most_canal({4, 4, 4}, evenly(1, 3)), 0);
}

TEST(CentralWeights, OfOneClearlyLargestSliceAreThoseAroundIt) {
  const auto weights = central_weights({50, 60, 100, 60, 50}, evenly(2, 5));
  EXPECT_THAT(weights, testing::Pointwise(testing::DoubleNear(1e-6), weights_around(2, evenly(2, 5))));
}

TEST(CentralWeights, AreSharedBySlicesThatShowAsMuchCanal) {
  const auto weights = central_weights({100, 10, 10, 10, 100}, evenly(3, 5));
  EXPECT_THAT(weights, testing::Pointwise(testing::DoubleNear(1e-6), std::vector<double>{0.5, 0, 0, 0, 0.5}));
}

TEST(CentralWeights, AreZeroWhereNoCanalIsSeen) {
  EXPECT_THAT(central_weights({0, 0}, evenly(1, 2)), ElementsAre(0, 0));
}

TEST(CentralSlices, LieWithinTheReachNearestFirst) {
  EXPECT_THAT(central_slices(10.2, evenly(0.9, 21)), ElementsAre(10, 11, 9, 12, 8, 13));
  EXPECT_THAT(central_slices(3, evenly(4.4, 7)), ElementsAre(3));
  EXPECT_THAT(central_slices(3.5, evenly(4.4, 7)), ElementsAre(3, 4));
}

TEST(CentralSlices, AreTheNearestOneWhereNoneIsInReach) {
  EXPECT_THAT(central_slices(2.5, evenly(8, 5)), testing::SizeIs(1));
  EXPECT_THAT(central_slices(0, evenly(0, 1)), ElementsAre(0));
  EXPECT_THAT(central_slices(0, evenly(1, 0)), IsEmpty());
}

}  // namespace
}  // namespace lumbargrade
