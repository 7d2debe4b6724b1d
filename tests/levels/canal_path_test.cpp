#include "levels/canal_path.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

/// An upright band of `width` pixels around column 50, its first and last rows inside the image.
cv::Mat1b band(int width) {
  cv::Mat1b mask(200, 120, uchar{0});
  mask(cv::Rect(50 - width / 2, 10, width, 180)) = 1;
  return mask;
}

int count_of(const cv::Mat1b& mask) {
  return cv::countNonZero(mask);
}

TEST(Skeleton, IsOnePixelWideAndInTheMiddle) {
  const cv::Mat1b lines = skeleton(band(21));
  for (int row = 30; row < 170; ++row) {
    EXPECT_EQ(count_of(lines.row(row)), 1) << "row " << row;
    EXPECT_NEAR(cv::moments(lines.row(row), true).m10, 50, 1) << "row " << row;
  }
}

TEST(Skeleton, KeepsThePiecesApartAndTheHolesOpen) {
  cv::Mat1b mask(80, 80, uchar{0});
  cv::circle(mask, {25, 40}, 18, 1, 7);  // a ring
  mask(cv::Rect(55, 10, 9, 60)) = 1;     // a bar
  cv::Mat labels;
  EXPECT_EQ(cv::connectedComponents(skeleton(mask), labels, 8) - 1, 2);
  const cv::Mat1b outside(skeleton(mask) == 0);
  EXPECT_EQ(cv::connectedComponents(outside, labels, 4) - 1, 2);  // around everything, and inside the ring
}

TEST(TraceCanal, GivesTwiceTheDistanceToTheOutline) {
  const CanalPath path = trace_canal(band(21));
  const auto at = nearest_on_path(path, {50, 100}, 5);
  ASSERT_TRUE(at.has_value());
  EXPECT_DOUBLE_EQ(path.diameters_px[*at], 22);  // 11 pixels from the middle one to the first outside
}

TEST(NearestOnPath, IsNotMovedAlongTheCanalByOnePixelAcrossIt) {
  CanalPath path;
  for (int y = 0; y < 200; ++y) path.points_px.emplace_back(y < 100 ? 50 : 51, y);
  const auto at =
      nearest_on_path(path, {71, 95}, 40);  // the nearest pixel is the first one of column 51, 5 further down
  ASSERT_TRUE(at.has_value());
  EXPECT_NEAR(static_cast<double>(*at), 95, 2);
}

TEST(TraceCanal, RunsFromTheHeadDown) {
  const CanalPath path = trace_canal(band(15));
  ASSERT_FALSE(path.empty());
  EXPECT_LT(path.points_px.front().y, 40);
  EXPECT_GT(path.points_px.back().y, 160);
}

TEST(TraceCanal, LeavesBranchesAside) {
  cv::Mat1b mask = band(15);
  mask(cv::Rect(50, 100, 40, 7)) = 1;  // a root leaves the canal
  const CanalPath path = trace_canal(mask);
  const auto rightmost = std::max_element(path.points_px.begin(), path.points_px.end(),
                                          [](const cv::Point& a, const cv::Point& b) { return a.x < b.x; });
  EXPECT_LT(rightmost->x, 62);
}

TEST(TraceCanal, IgnoresSpecks) {
  cv::Mat1b mask = band(15);
  mask(cv::Rect(100, 20, 12, 12)) = 1;
  const CanalPath path = trace_canal(mask);
  for (const cv::Point& point : path.points_px) EXPECT_LT(point.x, 90);
}

TEST(TraceCanal, IsEmptyWithoutACanal) {
  EXPECT_TRUE(trace_canal(cv::Mat1b(50, 50, uchar{0})).empty());
}

TEST(NarrowestNear, SeesANarrowingWithinReachOnly) {
  cv::Mat1b mask = band(21);
  mask(cv::Rect(0, 100, 46, 9)) = 0;  // from column 46 to 60 remain: 15 of 21
  const CanalPath path = trace_canal(mask);
  const auto beside = nearest_on_path(path, {50, 104}, 10);
  const auto far = nearest_on_path(path, {50, 150}, 10);
  ASSERT_TRUE(beside && far);
  EXPECT_NEAR(narrowest_near(path, *beside, 15), 15, 1.01);
  EXPECT_NEAR(narrowest_near(path, *far, 15), 22, 0.01);
}

}  // namespace
}  // namespace lumbargrade
