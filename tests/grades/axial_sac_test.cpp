#include "grades/axial_sac.h"

#include <gtest/gtest.h>

#include <numbers>

namespace lumbargrade {
namespace {

/// One axial slice of .5 mm pixels: a bright ellipse 24 x 14 mm around the canal's point, cut off where `open` is
/// false.
template <typename Open>
Volume axial_slice(const Open& open) {
  Volume volume;
  volume.columns = volume.rows = 160;
  volume.slices = 3;
  volume.series_instance_uid = "4.4";
  volume.patient_from_index.linear() = Eigen::DiagonalMatrix<double, 3>(0.5, 0.5, 4);
  volume.patient_from_index.translation() = Vector3(-40, -40, -4);
  for (int slice = 0; slice < 3; ++slice) {
    volume.sources.push_back(
        {"", "4.4." + std::to_string(slice), slice, volume.patient_from_index * Vector3(0, 0, slice)});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const Vector3 p = volume.patient_from_index * Vector3(column, row, slice);
        const bool inside = std::pow(p.x() / 12, 2) + std::pow(p.y() / 7, 2) <= 1 && open(p);
        volume.voxels.push_back(inside ? 900.0F : 100.0F + static_cast<float>((row * 7 + column * 3) % 30));
      }
    }
  }
  return volume;
}

LevelFrame frame_at_origin() {
  LevelFrame frame;
  frame.canal_patient = Vector3::Zero();
  return frame;
}

TEST(AxialSac, AreaAndExtentAreThoseOfTheSac) {
  const Volume volume = axial_slice([](const Vector3&) { return true; });
  const auto measure = measure_axial_level({&volume}, frame_at_origin());
  ASSERT_TRUE(measure);
  EXPECT_NEAR(measure->sac_area_mm2, std::numbers::pi * 12 * 7, 8);
  EXPECT_NEAR(measure->sac_ap_mm, 14, 0.8);
  EXPECT_EQ(measure->sop_instance_uid, "4.4.1");
}

TEST(AxialSac, ARecessThatIsFilledLosesItsAreaOnItsOwnSide) {
  const Volume whole = axial_slice([](const Vector3&) { return true; });
  const Volume filled = axial_slice([](const Vector3& p) { return p.x() < 5; });  // the patient's left is filled
  const auto open = measure_axial_level({&whole}, frame_at_origin());
  const auto narrow = measure_axial_level({&filled}, frame_at_origin());
  ASSERT_TRUE(open && narrow);
  EXPECT_NEAR(open->recess(Side::Left).area_mm2, open->recess(Side::Right).area_mm2, 4);
  EXPECT_LT(narrow->recess(Side::Left).area_mm2, 0.5 * open->recess(Side::Left).area_mm2);
  EXPECT_GT(narrow->recess(Side::Right).area_mm2, narrow->recess(Side::Left).area_mm2);
  EXPECT_GT(open->recess(Side::Left).point_patient.x(), 5);
}

TEST(AxialSac, ThereIsNothingWithoutASliceThere) {
  const Volume volume = axial_slice([](const Vector3&) { return true; });
  LevelFrame far = frame_at_origin();
  far.canal_patient = Vector3(0, 0, 30);
  EXPECT_FALSE(measure_axial_level({&volume}, far));
  EXPECT_FALSE(measure_axial_level({}, frame_at_origin()));
}

TEST(AxialSac, FatBesideACanalWithoutFluidIsNoSac) {
  const Volume fat = axial_slice([](const Vector3& p) { return p.x() < -6; });  // its centre lies 8.7 mm aside
  EXPECT_FALSE(measure_axial_level({&fat}, frame_at_origin()));
}

/// Five blocks of three slices, 34 mm apart, and what lies `fat_mm` beside the canal instead of it at L2/L3.
Study five_levels(double fat_mm) {
  Study study;
  for (int level = 0; level < kLevelCount; ++level) {
    const double middle = level == 1 ? fat_mm : 0;
    Volume block = axial_slice([&](const Vector3& p) { return std::hypot(p.x() - middle, p.y()) < 5; });
    block.patient_from_index.translation().z() -= 34 * level;
    for (auto& source : block.sources) source.position_patient.z() -= 34 * level;
    study.axial_t2.push_back(std::move(block));
  }
  return study;
}

Spine straight_spine(double canal_of_l2_l3_mm) {
  Spine spine;
  for (int level = 0; level < kLevelCount; ++level) {
    LevelFrame frame = frame_at_origin();
    frame.canal_patient = Vector3(level == 1 ? canal_of_l2_l3_mm : 0, 0, -34 * level);
    spine.levels[static_cast<size_t>(level)] = frame;
  }
  return spine;
}

TEST(AxialSac, WhatLiesAsideOfThePointAndOfTheOtherLevelsIsNoSac) {
  const AxialMeasures measures = measure_axial(five_levels(6), straight_spine(0));
  EXPECT_FALSE(measures[1]);
  for (const size_t level : {0, 2, 3, 4}) EXPECT_TRUE(measures[level]);
}

TEST(AxialSac, ASacIsKeptWhereOnlyThePointLiesAside) {
  const AxialMeasures measures = measure_axial(five_levels(0), straight_spine(6));
  for (const auto& measure : measures) EXPECT_TRUE(measure);
}

TEST(AxialSac, ASacIsKeptThatGoesAsideWithItsPoint) {
  const AxialMeasures measures = measure_axial(five_levels(6), straight_spine(5));
  for (const auto& measure : measures) EXPECT_TRUE(measure);
}

TEST(AxialSac, ThePatientsUsualRecessIsTheMedianOfAtLeastFour) {
  AxialMeasures measures;
  AxialMeasure level;
  level.recesses = {RecessArea{10, Vector3::Zero()}, RecessArea{30, Vector3::Zero()}};
  measures[0] = level;
  EXPECT_FALSE(usual_recess_area_mm2(measures));
  level.recesses = {RecessArea{20, Vector3::Zero()}, RecessArea{40, Vector3::Zero()}};
  measures[3] = level;
  EXPECT_EQ(usual_recess_area_mm2(measures), 30);
}

}  // namespace
}  // namespace lumbargrade
