#include "levels/canal_middle.h"

#include <gmock/gmock.h>

#include <cmath>

namespace lumbargrade {
namespace {

using testing::ElementsAre;

constexpr int kCourseSlices = 15;
constexpr double kCourseStepMm = 4.4;

SlicePositions stack() {
  std::vector<Vector3> positions;
  for (int k = 0; k < kCourseSlices; ++k) positions.emplace_back(k * kCourseStepMm, 0, 0);
  return {positions, Vector3::UnitX(), kCourseStepMm};
}

/// Canal of `most` around a height along the normal, 6 mm to either side.
std::vector<double> canal_at(double middle_mm, double most = 1) {
  std::vector<double> mass;
  for (int k = 0; k < kCourseSlices; ++k)
    mass.push_back(most * std::max(0.0, 1 - std::pow((k * kCourseStepMm - middle_mm) / 8, 2)));
  return mass;
}

std::vector<double> sum_of(std::vector<double> a, const std::vector<double>& b) {
  for (size_t k = 0; k < a.size(); ++k) a[k] += b[k];
  return a;
}

std::vector<SliceRange> everywhere(const std::vector<std::vector<double>>& masses) {
  return std::vector<SliceRange>(masses.size(), SliceRange{0, kCourseSlices - 1});
}

std::vector<double> middles_mm(const std::vector<std::vector<double>>& masses) {
  const std::vector<size_t> course = canal_course(masses, stack(), everywhere(masses));
  std::vector<double> middles;
  for (size_t disc = 0; disc < masses.size(); ++disc) {
    middles.push_back(stack().height_of(middle_slice(masses[disc], stack(), course[disc])));
  }
  return middles;
}

TEST(CanalCourse, PassesByWhatShowsMoreBesideANarrowCanal) {
  for (const size_t narrow : {0, 2, 5}) {  // at the ends, too
    std::vector<std::vector<double>> masses(6, canal_at(30.8));
    masses[narrow] = sum_of(canal_at(30.8, 0.3), canal_at(48.4));
    for (const double middle : middles_mm(masses)) EXPECT_NEAR(middle, 30.8, 2) << "narrow at disc " << narrow;
  }
}

TEST(CanalCourse, FollowsACurveOf40Degrees) {
  std::vector<double> curve_mm;
  for (int disc = 0; disc < 6; ++disc) curve_mm.push_back(22 + 195 * (1 - std::cos((disc - 2.5) * 34 / 195)));
  std::vector<std::vector<double>> masses;
  for (const double middle : curve_mm) masses.push_back(canal_at(middle));
  const std::vector<double> found_mm = middles_mm(masses);
  for (size_t disc = 0; disc < curve_mm.size(); ++disc) EXPECT_NEAR(found_mm[disc], curve_mm[disc], 1.5);
}

TEST(CanalCourse, GoesStraightOnWhereNoCanalIsSeen) {
  std::vector<std::vector<double>> masses(5, canal_at(30.8));
  masses[2] = std::vector<double>(kCourseSlices, 0);
  EXPECT_THAT(canal_course(masses, stack(), everywhere(masses)), ElementsAre(7, 7, 7, 7, 7));
}

TEST(CanalCourse, StaysInTheRangeOfADisc) {
  const std::vector<std::vector<double>> masses(4, canal_at(30.8));
  std::vector<SliceRange> ranges = everywhere(masses);
  ranges[3] = {9, 12};
  EXPECT_EQ(canal_course(masses, stack(), ranges)[3], 9);
}

TEST(CanalCourse, OfASingleDiscIsTheSliceThatShowsMost) {
  EXPECT_THAT(canal_course({sum_of(canal_at(30.8, 0.3), canal_at(48.4))}, stack(), {{0, kCourseSlices - 1}}),
              ElementsAre(11));
}

TEST(MiddleSlice, IsTheMeanOverThePeakAndNotOfWhatLiesBeyondAValley) {
  const auto mass = sum_of(canal_at(20), canal_at(45));
  EXPECT_NEAR(stack().height_of(middle_slice(mass, stack(), 4)), 20, 1);
  EXPECT_NEAR(stack().height_of(middle_slice(mass, stack(), 10)), 45, 1);
}

TEST(CanalCourse, IsTheMiddleWhereNoDiscShowsACanal) {
  const std::vector<double> nothing(kCourseSlices, 0);
  EXPECT_THAT(canal_course({nothing, nothing, nothing, nothing}, stack(), std::vector<SliceRange>(4, {2, 12})),
              ElementsAre(7, 7, 7, 7));
  EXPECT_THAT(canal_course({nothing, nothing}, stack(), {{2, 12}, {2, 12}}), ElementsAre(7, 7));
}

TEST(MiddleSlice, OfARangeIsItsMiddleWhereNoSliceShowsTheCanal) {
  EXPECT_EQ(middle_slice(std::vector<double>(kCourseSlices, 0), stack(), SliceRange{3, 8}), 5.5);
  EXPECT_NEAR(stack().height_of(middle_slice(sum_of(canal_at(20, 0.5), canal_at(45)), stack(), SliceRange{2, 12})), 45,
              1);
}

TEST(MiddleSlice, ClimbsNoFartherThanTheNeighbouringSlice) {
  const auto mass = canal_at(44, 1);  // slice 10; from 7 on uphill
  std::vector<double> rising = mass;
  for (size_t k = 0; k < 10; ++k) rising[k] = 0.02 * static_cast<double>(k);
  EXPECT_LT(stack().height_of(middle_slice(rising, stack(), 5)), 30);
}

}  // namespace
}  // namespace lumbargrade
