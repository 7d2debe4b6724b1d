#include <gtest/gtest.h>

#include "training/segmentation/canal_evaluation.h"

namespace lumbargrade {
namespace {

/// 1 x 1 pixel slices of values 0, 1, 2 ..., .9 mm apart along x from 10 mm.
Volume line(int slices) {
  Volume volume;
  volume.columns = 1;
  volume.rows = 1;
  volume.slices = slices;
  for (int k = 0; k < slices; ++k) {
    volume.voxels.push_back(static_cast<float>(k));
    SliceSource source;
    source.instance_number = k + 1;
    volume.sources.push_back(source);
  }
  volume.patient_from_index.linear() << 0, 0, 0.9, 1, 0, 0, 0, -1, 0;
  volume.patient_from_index.translation() = Vector3(10, 0, 0);
  return volume;
}

TEST(ThickStack, AveragesNeighboursAndLiesInTheirMiddle) {
  const Volume thick = thick_stack(line(12), 5);  // one slice is left over at each end
  ASSERT_EQ(thick.slices, 2);
  EXPECT_FLOAT_EQ(thick.voxels[0], 3);
  EXPECT_FLOAT_EQ(thick.voxels[1], 8);
  EXPECT_NEAR((thick.patient_from_index * Vector3(0, 0, 0)).x(), 10 + 3 * 0.9, 1e-9);
  EXPECT_NEAR((thick.patient_from_index * Vector3(0, 0, 1)).x(), 10 + 8 * 0.9, 1e-9);
  EXPECT_EQ(thick.sources[0].instance_number, 4);
}

TEST(ThickStack, OfTwoLiesBetweenThem) {
  const Volume thick = thick_stack(line(4), 2);
  ASSERT_EQ(thick.slices, 2);
  EXPECT_FLOAT_EQ(thick.voxels[0], 0.5);
  EXPECT_NEAR((thick.patient_from_index * Vector3(0, 0, 0)).x(), 10.45, 1e-9);
}

TEST(ThickStack, OfAShorterStackIsOneSlice) {
  EXPECT_EQ(thick_stack(line(3), 5).slices, 1);
  EXPECT_FLOAT_EQ(thick_stack(line(3), 5).voxels[0], 1);
}

}  // namespace
}  // namespace lumbargrade
