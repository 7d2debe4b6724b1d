#include "volume/volume_sampler.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lumbargrade {
namespace {

/// An oblique volume whose values are a linear function of the patient position, which trilinear sampling keeps.
constexpr double kSlope[] = {0.5, -0.25, 2.0};

float value_at(const Vector3& point_patient) {
  return static_cast<float>(kSlope[0] * point_patient.x() + kSlope[1] * point_patient.y() +
                            kSlope[2] * point_patient.z());
}

Volume oblique_volume(const std::vector<double>& slice_positions_mm) {
  Volume volume;
  volume.columns = 6;
  volume.rows = 5;
  volume.slices = static_cast<int>(slice_positions_mm.size());
  const Eigen::AngleAxisd turn(0.4, Vector3(1, 2, 3).normalized());
  const ImagePlane plane = {Vector3(10, -20, 30), turn * Vector3::UnitX(), turn * Vector3::UnitY(), 0.8, 0.6};
  volume.patient_from_index = plane.patient_from_index();
  const double span_mm = slice_positions_mm.back() - slice_positions_mm.front();
  volume.patient_from_index.linear().col(2) = plane.normal() * (span_mm / (volume.slices - 1));
  for (const double position_mm : slice_positions_mm) {
    ImagePlane slice = plane;
    slice.position_patient += plane.normal() * position_mm;
    volume.sources.push_back({"", "", 0, slice.position_patient});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        volume.voxels.push_back(value_at(slice.patient_from_index() * Vector3(column, row, 0)));
      }
    }
  }
  return volume;
}

/// On a grid well inside the volume, turned against it.
void expect_linear_values(const Volume& volume) {
  const Vector3 middle = volume.patient_from_index * Vector3(2.5, 2, (volume.slices - 1) / 2.0);
  const Eigen::AngleAxisd turn(1.1, Vector3(3, -1, 2).normalized());
  const VolumeSampler sample(volume);
  for (int row = -2; row <= 2; ++row) {
    for (int column = -2; column <= 2; ++column) {
      const Vector3 point_patient = middle + turn * Vector3(0.2 * column, 0.2 * row, 0);
      EXPECT_NEAR(sample(point_patient), value_at(point_patient), 1e-4);
    }
  }
}

TEST(VolumeSampler, KeepsLinearFunctionsOnAnyPlane) {
  expect_linear_values(oblique_volume({0, 2, 4, 6}));
}

TEST(VolumeSampler, UsesExactPositionsOfUnevenSlices) {
  expect_linear_values(oblique_volume({0, 1.4, 4.1, 6}));
}

TEST(VolumeSampler, BridgesOneMissingSliceAndNoMore) {
  const auto sampled = [](const std::vector<double>& positions_mm, double at_mm) {
    const Volume volume = oblique_volume(positions_mm);
    const Vector3 normal = volume.patient_from_index.linear().col(2).normalized();
    const Vector3 point = volume.patient_from_index * Vector3(2, 2, 0) + at_mm * normal;
    return VolumeSampler(volume)(point) - value_at(point);
  };
  EXPECT_NEAR(sampled({0, 2, 6, 8}, 4), 0, 1e-4);
  EXPECT_TRUE(std::isnan(sampled({0, 2, 8, 10}, 5)));
  EXPECT_NEAR(sampled({0, 2, 8, 10}, 3), 0, 1e-4);
}

TEST(VolumeSampler, HasNothingOutsideTheVolume) {
  const Volume volume = oblique_volume({0, 2, 4});
  const Vector3 beyond = volume.patient_from_index * Vector3(2, 2, 3);  // a whole slice step behind the last
  const Vector3 beside = volume.patient_from_index * Vector3(-0.5, 2, 1);
  const Vector3 margin = volume.patient_from_index * Vector3(2, 2, 2.4);
  const VolumeSampler sampled(volume);
  EXPECT_TRUE(std::isnan(sampled(beyond)));
  EXPECT_TRUE(std::isnan(sampled(beside)));
  EXPECT_FLOAT_EQ(sampled(margin), value_at(volume.patient_from_index * Vector3(2, 2, 2)));
}

}  // namespace
}  // namespace lumbargrade
