#include "crops/crop.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "core/error.h"

namespace lumbargrade {
namespace {

using Field = std::function<double(const Vector3&)>;

/// A volume whose voxels hold a function of their place in the patient.
Volume made_volume(const Affine& patient_from_index, int columns, int rows, int slices, const Field& field) {
  Volume volume;
  volume.columns = columns;
  volume.rows = rows;
  volume.slices = slices;
  volume.patient_from_index = patient_from_index;
  volume.series_instance_uid = "1.2";
  for (int slice = 0; slice < slices; ++slice) {
    volume.sources.push_back({"", std::to_string(slice), slice, patient_from_index * Vector3(0, 0, slice)});
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        volume.voxels.push_back(static_cast<float>(field(patient_from_index * Vector3(column, row, slice))));
      }
    }
  }
  return volume;
}

/// Sagittal: columns backwards, rows to the feet, slices from the patient's right to the left (`step_mm` > 0).
Volume sagittal_volume(double step_mm, int slices, const Field& field, double pixel_mm = 1) {
  Affine affine = Affine::Identity();
  affine.linear().col(0) = Vector3(0, pixel_mm, 0);
  affine.linear().col(1) = Vector3(0, 0, -pixel_mm);
  affine.linear().col(2) = Vector3(step_mm, 0, 0);
  affine.translation() = Vector3(-step_mm * (slices - 1) / 2, -60, 60);
  const int size = static_cast<int>(std::lround(121 / pixel_mm));
  return made_volume(affine, size, size, slices, field);
}

/// Axial block through `z_mm`: columns to the left, rows backwards, slices to the head, turned about x by
/// `tilt_degrees`.
Volume axial_volume(double z_mm, double tilt_degrees, const Field& field) {
  const double tilt = tilt_degrees * 3.14159265358979 / 180;
  Affine affine = Affine::Identity();
  affine.linear().col(0) = Vector3(1, 0, 0);
  affine.linear().col(1) = Vector3(0, std::cos(tilt), std::sin(tilt));
  affine.linear().col(2) = 4 * Vector3(0, -std::sin(tilt), std::cos(tilt));
  affine.translation() = Vector3(0, 0, z_mm) - affine.linear() * Vector3(40, 40, 2);
  return made_volume(affine, 81, 81, 5, field);
}

LevelFrame frame_at(const Vector3& canal_patient) {
  LevelFrame frame;
  frame.level = Level::L3L4;
  frame.centre_patient = canal_patient - Vector3(0, 20, 0);
  frame.canal_patient = canal_patient;
  return frame;
}

View plain_view(SeriesRole series, Anchor anchor = Anchor::Canal) {
  View view;
  view.name = "view";
  view.series = series;
  view.anchor = anchor;
  view.slices = 3;
  view.size_px = 21;
  view.pixel_mm = 1;
  view.slice_mm = 4;
  view.normalisation = {0, 100};
  return view;
}

int grey(const Crop& crop, int slice, int row, int column) {
  const int at = (slice * crop.size_px + row) * crop.size_px + column;
  return crop.pixels[static_cast<size_t>(at)];
}

/// 0..255 over the range of a ramp across the crop's 21 pixels.
int ramp(int step) {
  return static_cast<int>(std::lround(255.0 * step / 20));
}

TEST(Crop, SagittalColumnsGoBackwardsRowsToTheFeetAndTheMiddlePixelIsThePoint) {
  const CropPlacement placement = place_crop(frame_at({0, 5, -3}), Anchor::Canal, std::nullopt);
  const Volume posterior = sagittal_volume(4, 7, [](const Vector3& p) { return p.y(); });
  const Volume inferior = sagittal_volume(4, 7, [](const Vector3& p) { return -p.z(); });
  const Crop backwards = *cut_crop({&posterior}, placement, plain_view(SeriesRole::SagittalT2));
  const Crop downwards = *cut_crop({&inferior}, placement, plain_view(SeriesRole::SagittalT2));
  for (int step = 0; step <= 20; ++step) {
    EXPECT_EQ(grey(backwards, 1, 7, step), ramp(step));
    EXPECT_EQ(grey(downwards, 1, step, 7), ramp(step));
  }
  EXPECT_EQ(backwards.point_patient, Vector3(0, 5, -3));
  EXPECT_EQ(backwards.series_instance_uid, "1.2");
  EXPECT_EQ(backwards.sop_instance_uid, "3");  // the middle one of seven
}

TEST(Crop, SlicesGoOutwardsOnBothSidesWhateverTheOrderOfTheSeries) {
  const Field lateral = [](const Vector3& p) { return std::abs(p.x()); };
  for (const double step_mm : {4.0, -4.0}) {
    const Volume volume = sagittal_volume(step_mm, 15, lateral);
    for (const Side side : {Side::Left, Side::Right}) {
      const auto placement = place_crop(frame_at({0, 5, 0}), Anchor::Foramen, side);
      const auto crop = cut_crop({&volume}, placement, plain_view(SeriesRole::SagittalT1, Anchor::Foramen));
      ASSERT_TRUE(crop);
      EXPECT_EQ(grey(*crop, 0, 10, 10), 0);
      EXPECT_EQ(grey(*crop, 2, 10, 10), 255);
      EXPECT_EQ(crop->point_patient.x(), side == Side::Left ? 15.4 : -15.4);
    }
  }
}

TEST(Crop, ARightSidedAxialCropIsTheMirrorImageOfTheLeftSidedOne) {
  const Volume volume =
      axial_volume(0, 0, [](const Vector3& p) { return std::abs(p.x()) + 0.3 * p.y() + 0.1 * p.z(); });
  const View view = plain_view(SeriesRole::AxialT2, Anchor::Recess);
  const auto left = cut_crop({&volume}, place_crop(frame_at({0, 5, 2}), Anchor::Recess, Side::Left), view);
  const auto right = cut_crop({&volume}, place_crop(frame_at({0, 5, 2}), Anchor::Recess, Side::Right), view);
  ASSERT_TRUE(left && right);
  EXPECT_EQ(left->pixels, right->pixels);
  EXPECT_GT(grey(*left, 1, 10, 20), grey(*left, 1, 10, 10));  // columns grow outwards
}

TEST(Crop, ARightSidedCropOfAViewWithoutMirroringIsTheMirroredOneTurnedBack) {
  const Field field = [](const Vector3& p) { return 10 * p.x() + p.y() + 3 * std::sin(p.z()); };
  const LevelFrame frame = frame_at({0, 0, 0});
  const View view = plain_view(SeriesRole::AxialT2, Anchor::Recess);
  const Volume axial = axial_volume(0, 0, field);
  const auto mirrored = cut_crop({&axial}, place_crop(frame, Anchor::Recess, Side::Right), view);
  const auto plain = cut_crop({&axial}, place_crop(frame, Anchor::Recess, Side::Right, false), view);
  ASSERT_TRUE(mirrored && plain);
  EXPECT_EQ(plain->point_patient, mirrored->point_patient);
  for (int k = 0; k < plain->slices * plain->size_px; ++k) {
    for (int column = 0; column < plain->size_px; ++column) {
      const auto row = static_cast<size_t>(k) * static_cast<size_t>(plain->size_px);
      ASSERT_NEAR(plain->pixels[row + static_cast<size_t>(column)],
                  mirrored->pixels[row + static_cast<size_t>(plain->size_px - 1 - column)], 1);
    }
  }
}

TEST(Crop, SidesOfAnAsymmetricalPatientDiffer) {
  const Volume volume = axial_volume(0, 0, [](const Vector3& p) { return p.x(); });
  const View view = plain_view(SeriesRole::AxialT2, Anchor::Recess);
  const auto left = cut_crop({&volume}, place_crop(frame_at({0, 5, 2}), Anchor::Recess, Side::Left), view);
  const auto right = cut_crop({&volume}, place_crop(frame_at({0, 5, 2}), Anchor::Recess, Side::Right), view);
  EXPECT_EQ(grey(*left, 1, 10, 20), 255);
  EXPECT_EQ(grey(*right, 1, 10, 20), 0);
}

TEST(Crop, TheMiddleOfACropWithMarginIsTheCropWithoutOne) {
  const Volume volume = sagittal_volume(
      4, 9, [](const Vector3& p) { return 50 * std::sin(p.y() / 7) + 30 * std::cos(p.z() / 5) + p.x(); });
  const CropPlacement placement = place_crop(frame_at({0.7, 5.3, -3.1}), Anchor::Canal, std::nullopt);
  View view = plain_view(SeriesRole::SagittalT2);
  view.pixel_mm = 0.7;
  const Crop plain = *cut_crop({&volume}, placement, view);
  const Crop wide = *cut_crop({&volume}, placement, view, {1, 6});
  ASSERT_EQ(wide.slices, 5);
  ASSERT_EQ(wide.size_px, 33);
  for (int slice = 0; slice < 3; ++slice) {
    EXPECT_EQ(wide.slice_valid[static_cast<size_t>(slice + 1)], plain.slice_valid[static_cast<size_t>(slice)]);
    for (int row = 0; row < 21; ++row) {
      for (int column = 0; column < 21; ++column) {
        ASSERT_EQ(grey(wide, slice + 1, row + 6, column + 6), grey(plain, slice, row, column));
      }
    }
  }
}

TEST(Crop, SlicesBeyondTheStackAreMarkedInvalidAndBlack) {
  const Volume volume = sagittal_volume(4, 5, [](const Vector3& p) { return 100 + p.y(); });
  const auto placement = place_crop(frame_at({8, 5, 0}), Anchor::Canal, std::nullopt);
  const Crop crop = *cut_crop({&volume}, placement, plain_view(SeriesRole::SagittalT2));
  EXPECT_THAT(crop.slice_valid, testing::ElementsAre(1, 1, 0));
  for (int column = 0; column < 21; ++column) EXPECT_EQ(grey(crop, 2, 10, column), 0);
}

TEST(Crop, NothingIsCutWhereNoSliceComesNearThePoint) {
  const Volume volume = sagittal_volume(4, 5, [](const Vector3&) { return 1.0; });  // reaches x = +-8 mm
  EXPECT_FALSE(cut_crop({&volume}, place_crop(frame_at({0, 5, 0}), Anchor::Foramen, Side::Left),
                        plain_view(SeriesRole::SagittalT1, Anchor::Foramen)));
  EXPECT_FALSE(cut_crop({&volume}, place_crop(frame_at({0, 90, 0}), Anchor::Canal, std::nullopt),
                        plain_view(SeriesRole::SagittalT2)));
  EXPECT_FALSE(
      cut_crop({}, place_crop(frame_at({0, 5, 0}), Anchor::Canal, std::nullopt), plain_view(SeriesRole::SagittalT2)));
}

TEST(Crop, ThinSlicesAreAveragedToTheViewsThickness) {
  // 1 mm slices, bright only at x = 0: a 4 mm slice holds a quarter of it.
  const Volume thin = sagittal_volume(1, 21, [](const Vector3& p) { return std::abs(p.x()) < 0.4 ? 400.0 : 0.0; });
  const Volume reference = sagittal_volume(1, 21, [](const Vector3& p) { return p.y() < -50 ? 400.0 : 0.0; });
  const auto placement = place_crop(frame_at({0.5, 0, 0}), Anchor::Canal, std::nullopt);
  const Crop crop = *cut_crop({&thin}, placement, plain_view(SeriesRole::SagittalT2));
  EXPECT_EQ(grey(crop, 1, 10, 10), 255);  // brightest of the crop
  EXPECT_EQ(grey(crop, 0, 10, 10), 0);
  EXPECT_EQ(grey(crop, 2, 10, 10), 0);
  EXPECT_TRUE(cut_crop({&reference}, placement, plain_view(SeriesRole::SagittalT2)));
}

TEST(Crop, OfSeveralBlocksTheNearAndParallelOneIsTaken) {
  Volume parallel = axial_volume(0, 0, [](const Vector3& p) { return p.x(); });
  Volume tilted = axial_volume(0, 25, [](const Vector3& p) { return p.x(); });
  Volume far = axial_volume(30, 0, [](const Vector3& p) { return p.x(); });
  parallel.series_instance_uid = "parallel";
  const auto placement = place_crop(frame_at({0, 5, 2}), Anchor::Canal, std::nullopt);
  const auto crop = cut_crop({&far, &tilted, &parallel}, placement, plain_view(SeriesRole::AxialT2));
  ASSERT_TRUE(crop);
  EXPECT_EQ(crop->series_instance_uid, "parallel");
}

TEST(Crop, AFrameWithoutACanalPointIsPlacedBehindTheDisc) {
  LevelFrame frame = frame_at({0, 0, 0});
  frame.canal_patient.reset();
  frame.centre_patient = {0, -20, 0};
  frame.depth_mm = 34;
  EXPECT_NEAR(place_crop(frame, Anchor::Canal, std::nullopt).point_patient.y(), -20 + 17 + 8, 1e-9);
}

TEST(View, SurvivesTheManifest) {
  const View view = plain_view(SeriesRole::AxialT2, Anchor::Recess);
  EXPECT_EQ(view_of(input_of(view), "network"), view);
}

TEST(View, RefusesInputsNoCropCanBeCutFor) {
  const InputSpec sound = input_of(plain_view(SeriesRole::SagittalT1, Anchor::Foramen));
  const auto refusal = [](InputSpec input, const std::function<void(InputSpec&)>& change) -> std::string {
    change(input);
    try {
      view_of(input, "member");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.anchor = ""; }), testing::HasSubstr("anchor"));
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.series.emplace_back("axial_t2"); }),
              testing::HasSubstr("one series"));
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.axes[1].size = 5; }), testing::HasSubstr("square"));
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.axes[0].size = 4; }), testing::HasSubstr("odd"));
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.axes.pop_back(); }), testing::HasSubstr("axes"));
  EXPECT_THAT(refusal(sound, [](InputSpec& input) { input.axes[2].towards = "head"; }),
              testing::HasSubstr("posterior"));
}

}  // namespace
}  // namespace lumbargrade
