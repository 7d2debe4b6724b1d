#include "levels/central_slices.h"

#include <gmock/gmock.h>

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SliceWithMostCanal, IsTheVertexOfAParabola) {
  std::vector<double> areas;
  for (int k = 0; k < 9; ++k) areas.push_back(100 - (k - 4.3) * (k - 4.3));
  EXPECT_NEAR(slice_with_most_canal(areas), 4.3, 1e-9);
}

TEST(SliceWithMostCanal, AtTheEndOfTheStackIsThatSlice) {
  EXPECT_EQ(slice_with_most_canal({1, 2, 3}), 2);
  EXPECT_EQ(slice_with_most_canal({5}), 0);
  EXPECT_EQ(slice_with_most_canal({4, 4, 4}), 0);
}

TEST(CentralWeights, OfOneClearlyLargestSliceAreThoseAroundIt) {
  const auto weights = central_weights({50, 60, 100, 60, 50}, 2);
  EXPECT_THAT(weights, testing::Pointwise(testing::DoubleNear(1e-6), weights_around(2, 2, 5)));
}

TEST(CentralWeights, AreSharedBySlicesThatShowAsMuchCanal) {
  const auto weights = central_weights({100, 10, 10, 10, 100}, 3);
  EXPECT_THAT(weights, testing::Pointwise(testing::DoubleNear(1e-6), std::vector<double>{0.5, 0, 0, 0, 0.5}));
}

TEST(CentralWeights, AreZeroWhereNoCanalIsSeen) {
  EXPECT_THAT(central_weights({0, 0}, 1), ElementsAre(0, 0));
}

TEST(CentralSlices, LieWithinTheReachNearestFirst) {
  EXPECT_THAT(central_slices(10.2, 0.9, 21), ElementsAre(10, 11, 9, 12, 8, 13));
  EXPECT_THAT(central_slices(3, 4.4, 7), ElementsAre(3));
  EXPECT_THAT(central_slices(3.5, 4.4, 7), ElementsAre(3, 4));
}

TEST(CentralSlices, AreTheNearestOneWhereNoneIsInReach) {
  EXPECT_THAT(central_slices(2.5, 8, 5), testing::SizeIs(1));
  EXPECT_THAT(central_slices(0, 0, 1), ElementsAre(0));
  EXPECT_THAT(central_slices(0, 1, 0), IsEmpty());
}

}  // namespace
}  // namespace lumbargrade
