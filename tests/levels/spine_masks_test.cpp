#include "levels/spine_masks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kSpacingMm = 35;  // from disc to disc

/// Columns to the back, rows to the feet, three slices of 4 mm; 1 mm pixels around the origin.
Volume small_sagittal() {
  Volume volume;
  volume.columns = 120;
  volume.rows = 240;
  volume.slices = 3;
  volume.voxels.resize(static_cast<size_t>(120 * 240 * 3));
  volume.patient_from_index.linear().col(0) = Vector3(0, 1, 0);
  volume.patient_from_index.linear().col(1) = Vector3(0, 0, -1);
  volume.patient_from_index.linear().col(2) = Vector3(4, 0, 0);
  volume.patient_from_index.translation() = Vector3(-4, -40, 120);
  return volume;
}

/// Five discs along a straight line, L3/L4 at the origin.
Spine straight_spine() {
  Spine spine;
  for (const Level level : kLevels) {
    LevelFrame frame;
    frame.level = level;
    frame.centre_patient = Vector3(0, 0, kSpacingMm * (2 - static_cast<double>(index_of(level))));
    frame.depth_mm = 40;
    frame.height_mm = 10;
    frame.canal_patient = frame.centre_patient + Vector3(0, 30, 0);
    spine.levels[index_of(level)] = frame;
    spine.vertebra_centres_patient[index_of(level)] = frame.centre_patient + Vector3(0, 0, kSpacingMm / 2);
  }
  for (double z = 100; z > -100; z -= 5) spine.canal_line_patient.emplace_back(0, 30, z);
  return spine;
}

/// What a locator would draw: discs 10 mm high, bodies between them (one more above and below), a canal, and something
/// that looks like a canal far behind.
std::vector<LocatorMaps> maps_as_drawn(const std::vector<SliceImage>& slices) {
  std::vector<LocatorMaps> maps;
  for (const SliceImage& slice : slices) {
    LocatorMaps map;
    for (cv::Mat1f* each : {&map.disc, &map.vertebra, &map.canal}) *each = cv::Mat1f(slice.pixels.size(), 0.0F);
    for (int row = 0; row < slice.pixels.rows; ++row) {
      for (int column = 0; column < slice.pixels.cols; ++column) {
        const Vector3 at = slice.patient_from_pixel * Vector3(column, row, 0);
        const double over_disc = at.z() - kSpacingMm * std::round(at.z() / kSpacingMm);
        const bool is_body = std::abs(at.y()) < 18 && std::abs(at.z()) < 3.5 * kSpacingMm;
        if (is_body) (std::abs(over_disc) < 5 ? map.disc : map.vertebra)(row, column) = 1;
        if (std::abs(at.y() - 30) < 7 || at.y() > 65) map.canal(row, column) = 1;
      }
    }
    maps.push_back(map);
  }
  return maps;
}

std::uint8_t label_at(const SpineMasks& masks, const Volume& volume, const Vector3& patient) {
  const Vector3 index = volume.patient_from_index.inverse() * patient;
  const auto slice = static_cast<size_t>(std::lround(index.z())), row = static_cast<size_t>(std::lround(index.y()));
  return masks.labels[(slice * static_cast<size_t>(volume.rows) + row) * static_cast<size_t>(volume.columns) +
                      static_cast<size_t>(std::lround(index.x()))];
}

TEST(SpineMasks, NamesVertebraeAndDiscsByTheDiscs) {
  const Volume volume = small_sagittal();
  const Spine spine = straight_spine();
  const SpineMasks masks = mask_spine(volume, spine, maps_as_drawn, std::nullopt);
  for (const Level level : kLevels) {
    const auto place = static_cast<int>(index_of(level));
    EXPECT_EQ(label_at(masks, volume, spine.levels[index_of(level)]->centre_patient), 120 + place);
    EXPECT_EQ(label_at(masks, volume, *spine.vertebra_centres_patient[index_of(level)]), 20 + place);
  }
  // T12 and S1 have no label.
  EXPECT_EQ(label_at(masks, volume, Vector3(0, 0, 2.5 * kSpacingMm + 31)), 0);
  EXPECT_EQ(label_at(masks, volume, Vector3(0, 0, -2.5 * kSpacingMm)), 0);
}

TEST(SpineMasks, CanalIsWhatRunsAlongItsLine) {
  const Volume volume = small_sagittal();
  const SpineMasks masks = mask_spine(volume, straight_spine(), maps_as_drawn, std::nullopt);
  EXPECT_EQ(label_at(masks, volume, Vector3(0, 30, 10)), kCanalLabel);
  EXPECT_EQ(label_at(masks, volume, Vector3(4, 30, -60)), kCanalLabel);
  EXPECT_EQ(label_at(masks, volume, Vector3(0, 70, 10)), 0);
}

TEST(SpineMasks, LevelThatWasNotFoundHasNoMask) {
  const Volume volume = small_sagittal();
  Spine spine = straight_spine();
  spine.levels[0].reset();
  spine.vertebra_centres_patient[0].reset();
  const SpineMasks masks = mask_spine(volume, spine, maps_as_drawn, std::nullopt);
  const auto found = masked_structures(masks, volume);
  for (const MaskedStructure& masked : found) {
    EXPECT_NE(masked.structure.name, "L1/L2");
    EXPECT_NE(masked.structure.name, "L1");
  }
  EXPECT_EQ(found.size(), 9U);
}

TEST(SpineMasks, CentroidAndVolumeAreInMillimetres) {
  const Volume volume = small_sagittal();
  const auto found = masked_structures(mask_spine(volume, straight_spine(), maps_as_drawn, std::nullopt), volume);
  const auto disc = std::find_if(found.begin(), found.end(),
                                 [](const MaskedStructure& masked) { return masked.structure.name == "L3/L4"; });
  ASSERT_NE(disc, found.end());
  EXPECT_LT(disc->centroid_patient.norm(), 0.6);
  EXPECT_NEAR(disc->volume_mm3, 36 * 10 * 12, 600);  // 36 mm deep, 10 mm high, three slices of 4 mm
}

}  // namespace
}  // namespace lumbargrade
