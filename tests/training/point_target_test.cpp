#include "training/points/point_target.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace lumbargrade {
namespace {

View small_view() {
  View view;
  view.slices = 3;
  view.size_px = 32;
  view.pixel_mm = 1;
  return view;
}

std::vector<float> target_of(const CropPlace& place, const std::vector<float>& valid) {
  std::vector<float> target(static_cast<size_t>(3 * 32 * 32), 7.0F);
  write_point_target(place, small_view(), valid, target);
  return target;
}

float at(const std::vector<float>& target, int slice, int row, int column) {
  const int place = (slice * 32 + row) * 32 + column;
  return target[static_cast<size_t>(place)];
}

double slice_share(const std::vector<float>& target, int slice) {
  const auto first = target.begin() + slice * 32 * 32;
  return std::accumulate(first, first + 32 * 32, 0.0);
}

TEST(PointTarget, IsANormalDistributionOfTwoMillimetresThatSumsToOne) {
  const auto target = target_of({1, 16, 14}, {1, 1, 1});
  EXPECT_NEAR(slice_share(target, 1), 1, 1e-5);
  EXPECT_NEAR(at(target, 1, 16, 14), 1 / (2 * M_PI * 4), 1e-4);
  EXPECT_NEAR(at(target, 1, 16, 16) / at(target, 1, 16, 14), std::exp(-0.5), 1e-5);
  EXPECT_EQ(at(target, 0, 16, 14), 0);
}

TEST(PointTarget, IsSharedByTheSlicesThatThePlaceLiesBetween) {
  const auto target = target_of({1.25, 16, 14}, {1, 1, 1});
  EXPECT_NEAR(slice_share(target, 1), 0.75, 1e-5);
  EXPECT_NEAR(slice_share(target, 2), 0.25, 1e-5);
}

TEST(PointTarget, GivesNothingToASliceThatTheDataLack) {
  const auto beside = target_of({1.25, 16, 14}, {1, 1, 0});
  EXPECT_NEAR(slice_share(beside, 1), 1, 1e-5);
  EXPECT_EQ(slice_share(beside, 2), 0);
  const auto alone = target_of({2, 16, 14}, {1, 1, 0});
  EXPECT_EQ(std::accumulate(alone.begin(), alone.end(), 0.0), 0);
}

TEST(PointTarget, IsNothingWhereTheCropDoesNotShowThePlace) {
  for (const CropPlace& place : {CropPlace{-0.6, 16, 14}, CropPlace{1, 32, 14}, CropPlace{1, 16, -1}}) {
    const auto target = target_of(place, {1, 1, 1});
    EXPECT_EQ(std::accumulate(target.begin(), target.end(), 0.0), 0);
  }
}

}  // namespace
}  // namespace lumbargrade
