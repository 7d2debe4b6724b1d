#include "grades/foramen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

const Vector3 kForamen(18, -3, 4);

/// Sagittal slices 4 mm apart of .5 mm pixels: bright fat within `fat_mm` of the foramen around a dark nerve of
/// `nerve_mm`, on dark bone, and subcutaneous fat far behind.
Volume fat_phantom(double fat_mm, double nerve_mm) {
  Volume volume;
  volume.columns = volume.rows = 200;
  volume.slices = 13;
  volume.series_instance_uid = "1.2";
  volume.patient_from_index.linear().col(0) = Vector3(0, 0.5, 0);
  volume.patient_from_index.linear().col(1) = Vector3(0, 0, -0.5);
  volume.patient_from_index.linear().col(2) = Vector3(4, 0, 0);
  volume.patient_from_index.translation() = Vector3(-24, -50, 50);
  for (int slice = 0; slice < volume.slices; ++slice) {
    volume.sources.push_back({"", std::to_string(slice), slice, volume.patient_from_index * Vector3(0, 0, slice)});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const Vector3 p = volume.patient_from_index * Vector3(column, row, slice);
        const double away_mm = std::hypot(p.y() - kForamen.y(), p.z() - kForamen.z());
        const bool fat = (away_mm < fat_mm && away_mm > nerve_mm) || p.y() > 20;
        volume.voxels.push_back(fat ? 900.0F : 200.0F + static_cast<float>((row * 7 + column * 3) % 40));
      }
    }
  }
  return volume;
}

CropPlacement at(const Vector3& point) {
  CropPlacement placement;
  placement.point_patient = point;
  return placement;
}

Spine spine_of_l2_l3() {
  Spine spine;
  LevelFrame frame;
  frame.level = Level::L2L3;
  frame.canal_patient = Vector3(0, 0, 0);
  spine.levels[index_of(Level::L2L3)] = frame;
  return spine;
}

TEST(Foramen, TheShareOfFatIsTheAreaOfFatOverTheDiscOfNineMillimetres) {
  for (const auto& [fat_mm, nerve_mm] : {std::pair{6.0, 2.0}, {8.0, 4.0}, {3.0, 2.5}, {12.0, 3.0}}) {
    const Volume volume = fat_phantom(fat_mm, nerve_mm);
    const auto measure = measure_foramen({&volume}, at(kForamen));
    ASSERT_TRUE(measure);
    const double outer_mm = std::min(fat_mm, 9.0);
    EXPECT_NEAR(measure->fat_share, (outer_mm * outer_mm - nerve_mm * nerve_mm) / 81, 0.03);
    EXPECT_EQ(measure->sop_instance_uid, "10");  // x = 16 mm, the slice nearest to 18 mm
    EXPECT_EQ(measure->point_patient, kForamen);
  }
}

TEST(Foramen, BrightnessAndScaleOfTheSeriesDoNotMatter) {
  const Volume volume = fat_phantom(6, 2);
  Volume brighter = volume;
  for (float& value : brighter.voxels) value = 3 * value + 1000;
  EXPECT_EQ(measure_foramen({&volume}, at(kForamen))->fat_share, measure_foramen({&brighter}, at(kForamen))->fat_share);
}

TEST(Foramen, BeyondTheLastSliceThereIsNoMeasure) {
  const Volume volume = fat_phantom(6, 2);
  EXPECT_FALSE(measure_foramen({&volume}, at(kForamen + Vector3(15, 0, 0))));
  EXPECT_FALSE(measure_foramen({}, at(kForamen)));
}

TEST(Foramen, OnlyForaminaOfLevelsThatWereFoundAreMeasured) {
  Study study;
  study.sagittal_t1 = fat_phantom(6, 2);
  const Spine spine = spine_of_l2_l3();
  const ForamenMeasures measures = measure_foramina(study, spine, std::nullopt);
  for (size_t k = 0; k < measures.size(); ++k) {
    const Finding& finding = all_findings()[k];
    EXPECT_EQ(measures[k].has_value(),
              finding.condition == Condition::NeuralForaminalNarrowing && finding.level == Level::L2L3);
    if (!measures[k]) continue;
    EXPECT_EQ(measures[k]->point_patient.x() > 0, finding.side == Side::Left);
  }
}

TEST(Foramen, WithoutT1TheT2IsLookedAtAndSaysSo) {
  Study study;
  study.sagittal_t2 = fat_phantom(6, 2);
  const Spine spine = spine_of_l2_l3();
  const auto on_t2 = measure_foramina(study, spine, std::nullopt);
  study.sagittal_t1 = study.sagittal_t2;
  const auto on_t1 = measure_foramina(study, spine, std::nullopt);
  int found = 0;
  for (size_t k = 0; k < on_t2.size(); ++k) {
    ASSERT_EQ(on_t2[k].has_value(), on_t1[k].has_value());
    if (!on_t2[k]) continue;
    ++found;
    EXPECT_TRUE(on_t2[k]->on_t2);
    EXPECT_FALSE(on_t1[k]->on_t2);
    EXPECT_EQ(on_t2[k]->fat_share, on_t1[k]->fat_share);
  }
  EXPECT_EQ(found, 2);
  study.sagittal_t1.reset();
  study.sagittal_t2->slices = 8;  // up to x = 4 mm: the left foramen is not reached
  study.sagittal_t2->sources.resize(8);
  const auto in_slab = measure_foramina(study, spine, std::nullopt);
  EXPECT_EQ(std::count_if(in_slab.begin(), in_slab.end(), [](const auto& measure) { return measure.has_value(); }), 1);
}

}  // namespace
}  // namespace lumbargrade
