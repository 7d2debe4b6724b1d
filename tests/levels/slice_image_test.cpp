#include "levels/slice_image.h"

#include <gmock/gmock.h>

namespace lumbargrade {
namespace {

/// A volume whose voxel values are a linear function of patient position: resampling must reproduce it anywhere.
double field(const Vector3& point) {
  return 100 + 0.7 * point.y() - 0.4 * point.z();
}

Volume volume_with(const Vector3& column_step, const Vector3& row_step, const Vector3& origin) {
  Volume volume;
  volume.columns = 60;
  volume.rows = 80;
  volume.slices = 1;
  volume.patient_from_index.linear().col(0) = column_step;
  volume.patient_from_index.linear().col(1) = row_step;
  volume.patient_from_index.linear().col(2) = column_step.cross(row_step).normalized() * 4;
  volume.patient_from_index.translation() = origin;
  for (int row = 0; row < volume.rows; ++row) {
    for (int column = 0; column < volume.columns; ++column) {
      volume.voxels.push_back(static_cast<float>(field(volume.patient_from_index * Vector3(column, row, 0))));
    }
  }
  return volume;
}

void expect_canonical(const Volume& volume) {
  const SliceImage image = canonical_slice(volume, 0);
  const Vector3 along_columns = image.patient_from_pixel.linear().col(0);
  const Vector3 along_rows = image.patient_from_pixel.linear().col(1);
  EXPECT_GT(along_columns.y(), 0);
  EXPECT_LT(along_rows.z(), 0);
  EXPECT_NEAR(along_columns.norm(), kLocatorPixelMm, 1e-9);
  EXPECT_NEAR(along_rows.norm(), kLocatorPixelMm, 1e-9);
  for (int row = 5; row < image.pixels.rows - 5; row += 7) {
    for (int column = 5; column < image.pixels.cols - 5; column += 7) {
      const double expected = field(image.patient_from_pixel * Vector3(column, row, 0));
      EXPECT_NEAR(image.pixels(row, column), expected, 0.05) << row << " " << column;
    }
  }
}

TEST(CanonicalSlice, KeepsPatientPositionsOfAnOrdinarySagittalSlice) {
  expect_canonical(volume_with({0, 0.9, 0}, {0, 0, -0.9}, {3, -40, 30}));
}

TEST(CanonicalSlice, TurnsSlicesStoredFeetFirstAndBackToFront) {
  expect_canonical(volume_with({0, -0.9, 0}, {0, 0, 0.9}, {3, 40, -30}));
}

TEST(CanonicalSlice, TurnsSlicesWhoseRowsRunAlongTheSpine) {
  expect_canonical(volume_with({0, 0, -0.8}, {0, 0.8, 0}, {3, -40, 30}));
}

TEST(CanonicalSlice, KeepsPatientPositionsOfAnObliqueSlice) {
  const Eigen::AngleAxisd turn(0.2, Vector3(0.3, 0.1, 1).normalized());
  expect_canonical(volume_with(turn * Vector3(0, 0.7, 0), turn * Vector3(0, 0, -0.7), {3, -40, 30}));
}

TEST(CanonicalSlice, HandlesPixelsThatAreNotSquare) {
  expect_canonical(volume_with({0, 1.2, 0}, {0, 0, -0.5}, {3, -40, 30}));
}

TEST(CanonicalSlice, TakesThePositionOfAnUnevenlySpacedSliceFromItsSource) {
  Volume volume = volume_with({0, 0.9, 0}, {0, 0, -0.9}, {3, -40, 30});
  volume.sources.push_back({"", "", 1, Vector3(7, -40, 30)});
  EXPECT_NEAR(canonical_slice(volume, 0).patient_from_pixel.translation().x(), 7, 1e-9);
}

TEST(Normalised, HasMeanZeroAndDeviationOneAndClipsOutliers) {
  cv::Mat1f pixels(100, 100);
  for (int k = 0; k < 10000; ++k) pixels(k / 100, k % 100) = static_cast<float>(k);
  pixels(99, 99) = 1e9F;
  const cv::Mat1f result = normalised(pixels);
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(result, mean, deviation);
  EXPECT_NEAR(mean[0], 0, 1e-4);
  EXPECT_NEAR(deviation[0], 1, 1e-4);
  EXPECT_FLOAT_EQ(result(99, 99), result(99, 98));
}

TEST(Normalised, GivesZerosForAConstantImage) {
  EXPECT_EQ(cv::countNonZero(normalised(cv::Mat1f(10, 10, 42.0F))), 0);
}

}  // namespace
}  // namespace lumbargrade
