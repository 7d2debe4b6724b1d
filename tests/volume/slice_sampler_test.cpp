#include "volume/slice_sampler.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lumbargrade {
namespace {

Volume volume_of(int columns, int rows, std::vector<float> voxels) {
  Volume volume;
  volume.columns = columns;
  volume.rows = rows;
  volume.slices = static_cast<int>(voxels.size()) / (columns * rows);
  volume.voxels = std::move(voxels);
  return volume;
}

TEST(SliceSampler, WeighsTheFourPixelsAround) {
  const Volume volume = volume_of(2, 2, {0, 0, 0, 0, 10, 20, 30, 70});
  const SliceSampler sample(volume, 1);
  EXPECT_EQ(sample({0, 0}), 10);
  EXPECT_EQ(sample({1, 1}), 70);
  EXPECT_FLOAT_EQ(sample({0.25, 0}), 12.5F);
  EXPECT_FLOAT_EQ(sample({0.25, 0.5}), (12.5F + 40) / 2);  // 30 + .25 * 40 = 40 in the lower row
}

TEST(SliceSampler, HasNothingOutsideTheOutermostPixels) {
  const Volume volume = volume_of(3, 2, {1, 2, 3, 4, 5, 6});
  const SliceSampler sample(volume, 0);
  EXPECT_EQ(sample({2, 1}), 6);
  for (const Eigen::Vector2d& outside : {Eigen::Vector2d(-0.01, 0), {0, -0.01}, {2.01, 0}, {0, 1.01}, {NAN, 0}}) {
    EXPECT_TRUE(std::isnan(sample(outside))) << outside.transpose();
  }
}

TEST(SliceSampler, ReadsImagesOfOneColumnOrRow) {
  const Volume column = volume_of(1, 3, {1, 3, 7});
  EXPECT_FLOAT_EQ(SliceSampler(column, 0)({0, 1.5}), 5);
  const Volume row = volume_of(3, 1, {1, 3, 7});
  EXPECT_FLOAT_EQ(SliceSampler(row, 0)({0.5, 0}), 2);
}

TEST(SliceSampler, TakesRoundingAtTheEdgeForTheEdge) {
  const Volume volume = volume_of(2, 2, {1, 2, 3, 4});
  const SliceSampler sample(volume, 0);
  EXPECT_EQ(sample(sample.onto_image({-1e-9, 1 + 1e-9}, 1e-6)), 3);
  EXPECT_TRUE(std::isnan(sample(sample.onto_image({-1e-3, 0}, 1e-6))));
}

}  // namespace
}  // namespace lumbargrade
