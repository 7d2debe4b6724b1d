#include "levels/canal_outline.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "levels/central_slices.h"

namespace lumbargrade {
namespace {

constexpr int kSlices = 21;
constexpr double kStepMm = 0.9;
constexpr double kFirstXMm = -9;
constexpr double kMiddleSlice = 10;

/// A sagittal stack whose slices go to the left; pixels of kOutlinePixelMm, columns to the back, rows to the feet.
Volume stack(int columns, int rows) {
  Volume volume;
  volume.columns = columns;
  volume.rows = rows;
  volume.slices = kSlices;
  volume.voxels.assign(static_cast<size_t>(columns) * rows * kSlices, 0.0F);
  volume.patient_from_index.linear() << 0, 0, kStepMm, kOutlinePixelMm, 0, 0, 0, -kOutlinePixelMm, 0;
  volume.patient_from_index.translation() = Vector3(kFirstXMm, 0, 0);
  return volume;
}

/// Five discs one above the other in the plane x = 0, posterior edges at y = 60 mm.
std::vector<DiscEdge> five_discs() {
  std::vector<DiscEdge> discs;
  for (const Level level : kLevels) {
    discs.push_back(
        {level, Vector3(0, 60, -60 - 34 * static_cast<int>(index_of(level))), Vector3::UnitY(), Vector3::UnitZ()});
  }
  return discs;
}

SliceWeights middle_weights(const CanalStrip& strip) {
  return SliceWeights(kLevelCount, weights_around(kMiddleSlice, strip.positions));
}

/// The canal as a mask, at a patient point.
using Canal = bool (*)(const Vector3& patient);

std::vector<cv::Mat1f> drawn(const CanalStrip& strip, Canal canal) {
  std::vector<cv::Mat1f> slices;
  for (int k = 0; k < static_cast<int>(strip.slices.size()); ++k) {
    cv::Mat1f slice(strip.slices[static_cast<size_t>(k)].size(), 0.0F);
    for (int row = 0; row < slice.rows; ++row) {
      for (int column = 0; column < slice.cols; ++column) {
        slice(row, column) = canal(strip.patient({double(column), double(row)}, k)) ? 1.0F : 0.0F;
      }
    }
    slices.push_back(slice);
  }
  return slices;
}

/// 14 mm deep in the middle plane; its depth falls to the left, and not to the right.
bool lopsided_canal(const Vector3& at) {
  const double depth = at.x() > 4 ? 6 : 14;
  return at.y() > 62 && at.y() < 62 + depth && std::abs(at.x()) < 12;
}

/// 14 mm deep, 8 mm at L4/L5 over 6 mm of height.
bool narrowed_canal(const Vector3& at) {
  const bool is_narrow = std::abs(at.z() + 60 + 34 * 3) < 3;
  return at.y() > 62 && at.y() < (is_narrow ? 70 : 76) && std::abs(at.x()) < 12;
}

/// 14 mm deep, 8 mm from 10.5 mm below each disc on, over 5 mm of height.
bool canal_narrow_below_discs(const Vector3& at) {
  const double below_disc = std::fmod(-at.z() - 60 + 340, 34);
  const bool is_narrow = below_disc > 10.5 && below_disc < 15.5;
  return std::abs(at.y() - 69) < (is_narrow ? 4 : 7) && std::abs(at.x()) < 12;
}

TEST(CanalStrip, LeadsFromPatientToPixelAndBack) {
  const CanalStrip strip = cut_canal_strip(stack(400, 600), five_discs(), 16);
  const Vector3 point(1.8, 70, -100);
  EXPECT_NEAR(strip.slice(point), (1.8 - kFirstXMm) / kStepMm, 1e-9);
  EXPECT_LT((strip.patient(strip.pixel(point), 12) - point).norm(), 1e-6);
}

TEST(CanalStrip, HoldsEveryDiscWithAMarginInWholeStrides) {
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(stack(400, 600), discs, 16);
  EXPECT_EQ(strip.rect_px.width % 16, 0);
  EXPECT_EQ(strip.rect_px.height % 16, 0);
  for (const DiscEdge& disc : discs) {
    const cv::Point2d at = strip.pixel(disc.edge_patient) * kOutlinePixelMm;
    EXPECT_GT(at.x, 19);
    EXPECT_GT(at.y, 34);
    EXPECT_LT(at.x, strip.rect_px.width * kOutlinePixelMm - 39);
    EXPECT_LT(at.y, strip.rect_px.height * kOutlinePixelMm - 34);
  }
}

TEST(CanalStrip, OfASmallImageRepeatsItsEdge) {
  Volume small = stack(150, 440);
  std::iota(small.voxels.begin(), small.voxels.end(), 0.0F);
  const CanalStrip strip = cut_canal_strip(small, five_discs(), 16);
  const cv::Mat1f& slice = strip.slices.front();
  const int last_inside = 149 - strip.rect_px.x;
  ASSERT_LT(last_inside, slice.cols - 1) << "the strip was meant to reach beyond the image";
  EXPECT_FLOAT_EQ(slice(100, slice.cols - 1), slice(100, last_inside));
}

TEST(CanalStrip, InputHasTheSliceBetweenItsInterpolatedNeighbours) {
  Volume volume = stack(300, 600);
  const size_t pixels = 300 * 600;
  for (size_t k = 0; k < kSlices; ++k) {
    std::fill_n(volume.voxels.begin() + static_cast<std::ptrdiff_t>(k * pixels), pixels, static_cast<float>(k));
  }
  const CanalStrip strip = cut_canal_strip(volume, five_discs(), 16);
  const OutlineInput input = strip.input(10, 0.45);  // half a step
  const auto value = [](const cv::Mat1f& image) { return double{image(5, 5)}; };
  const double step = value(strip.slices[11]) - value(strip.slices[10]);
  EXPECT_NEAR(value(input[0]), value(strip.slices[10]) - step / 2, 1e-5);
  EXPECT_NEAR(value(input[1]), value(strip.slices[10]), 1e-6);
  EXPECT_NEAR(value(input[2]), value(strip.slices[10]) + step / 2, 1e-5);
}

TEST(MeasureOutline, FindsTheNarrowingAndItsReference) {
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(stack(400, 600), discs, 16);
  const auto measures = measure_outline(strip, discs, middle_weights(strip), drawn(strip, narrowed_canal));
  ASSERT_TRUE(measures[3].canal && measures[1].canal);
  EXPECT_NEAR(measures[1].canal->diameter_mm, 14, 1);
  EXPECT_NEAR(measures[3].canal->diameter_mm, 8, 1);
  ASSERT_TRUE(measures[3].canal->reference_mm);
  EXPECT_NEAR(*measures[3].canal->reference_mm, 14, 1);
}

TEST(MeasureOutline, OfATiltedDiscLooksAroundItsRearmostCorner) {
  auto discs = five_discs();
  discs[2].height_mm = 20;
  discs[3].height_mm = 20;
  discs[3].up = Vector3(0, -0.6, 0.8);  // the lower corner is farthest back, 4.8 mm below the edge's middle
  const CanalStrip strip = cut_canal_strip(stack(400, 600), discs, 16);
  const auto measures = measure_outline(strip, discs, middle_weights(strip), drawn(strip, canal_narrow_below_discs));
  ASSERT_TRUE(measures[2].canal && measures[3].canal);
  EXPECT_GT(measures[2].canal->diameter_mm, 10);
  EXPECT_NEAR(measures[3].canal->diameter_mm, 8, 1);
}

TEST(MeasureOutline, ReadsTheRecessesOfBothSides) {
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(stack(400, 600), discs, 16);
  const auto measures = measure_outline(strip, discs, middle_weights(strip), drawn(strip, lopsided_canal));
  for (const OutlineMeasures& measure : measures) {
    ASSERT_TRUE(measure.recess_left && measure.recess_right);
    EXPECT_NEAR(measure.recess_left->depth_mm, 6, 0.5);
    EXPECT_NEAR(measure.recess_right->depth_mm, 14, 0.5);
    EXPECT_NEAR(measure.recess_left->point_patient.y(), 65, 0.5);
    EXPECT_GT(measure.recess_left->point_patient.x(), 5);
    EXPECT_LT(measure.recess_right->point_patient.x(), -5);
  }
}

TEST(MeasureOutline, SaysNothingOfRecessesBeyondTheStack) {
  Volume thin = stack(400, 600);
  thin.slices = 7;  // x from -9 to -3.6 mm: the right side only
  thin.voxels.resize(static_cast<size_t>(thin.columns) * thin.rows * 7);
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(thin, discs, 16);
  const auto measures = measure_outline(strip, discs, middle_weights(strip), drawn(strip, lopsided_canal));
  EXPECT_FALSE(measures[2].recess_left.has_value());
  EXPECT_TRUE(measures[2].recess_right.has_value());
}

TEST(MeasureOutline, GivesNothingForAnEmptyOutline) {
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(stack(400, 600), discs, 16);
  const auto measures =
      measure_outline(strip, discs, middle_weights(strip), drawn(strip, [](const Vector3&) { return false; }));
  for (const OutlineMeasures& measure : measures) EXPECT_FALSE(measure.canal.has_value());
}

TEST(MeasureOutline, ReadsTheRecessesOfThickSlicesFromTheNearestOne) {
  Volume thick = stack(400, 600);
  thick.slices = 5;
  thick.voxels.resize(static_cast<size_t>(thick.columns) * thick.rows * 5);
  thick.patient_from_index.linear().col(2) = Vector3(4.4, 0, 0);
  thick.patient_from_index.translation() = Vector3(-8.8, 0, 0);
  const auto discs = five_discs();
  const CanalStrip strip = cut_canal_strip(thick, discs, 16);
  const auto measures = measure_outline(strip, discs, middle_weights(strip), drawn(strip, lopsided_canal));
  ASSERT_TRUE(measures[2].recess_left && measures[2].recess_right);
  EXPECT_NEAR(measures[2].recess_left->depth_mm, 6, 0.5);
  EXPECT_NEAR(measures[2].recess_right->depth_mm, 14, 0.5);
}

/// A spine on five_discs() whose canals the locator measured as 11 mm.
Spine located_spine() {
  Spine spine;
  for (const DiscEdge& disc : five_discs()) {
    LevelFrame frame;
    frame.level = disc.level;
    frame.depth_mm = 34;
    frame.centre_patient = disc.edge_patient - disc.posterior * 17;
    frame.canal = CanalMeasure{11, std::nullopt, Vector3::Zero(), -1};
    spine.levels[static_cast<size_t>(index_of(disc.level))] = frame;
  }
  return spine;
}

/// An outline that is a band of 14 mm, whatever the image.
std::vector<cv::Mat1f> even_band(const std::vector<OutlineInput>& inputs) {
  cv::Mat1f band(inputs.front().front().size(), 0.0F);
  const int first = static_cast<int>(22 / kOutlinePixelMm);  // 2 mm behind the edges
  band.colRange(first, first + static_cast<int>(14 / kOutlinePixelMm)) = 1;
  return std::vector<cv::Mat1f>(inputs.size(), band);
}

TEST(OutlineCanal, ReplacesTheLocatorsDiameterOnThinAndThickSlices) {
  const Volume thin = stack(400, 600);
  Volume thick = thin;
  thick.patient_from_index.linear().col(2) = Vector3(4.4, 0, 0);
  thick.patient_from_index.translation() = Vector3(-44, 0, 0);
  for (const Volume& volume : {thin, thick}) {
    Spine spine = located_spine();
    const int middle = volume.slices / 2;
    spine.central_slice = middle;
    outline_canal(volume, {even_band, 16}, spine);
    for (const auto& level : spine.levels) {
      EXPECT_NEAR(level->canal->diameter_mm, 14, 1);
      EXPECT_NEAR(level->canal->point_patient.y(), 60 + 2 + 7, 1.5);
      EXPECT_NEAR(level->canal->slice, middle, 5);
    }
  }
}

TEST(OutlineCanal, KeepsTheLocatorsDiameterOfASingleSlice) {
  Volume single = stack(400, 600);
  single.slices = 1;
  single.voxels.resize(static_cast<size_t>(single.columns) * single.rows);
  Spine spine = located_spine();
  outline_canal(single, {even_band, 16}, spine);
  for (const auto& level : spine.levels) EXPECT_EQ(level->canal->diameter_mm, 11);
}

TEST(OutlineCanal, KeepsTheLocatorsDiameterWhereNoCanalIsOutlined) {
  const auto nothing = [](const std::vector<OutlineInput>& inputs) {
    return std::vector<cv::Mat1f>(inputs.size(), cv::Mat1f(inputs.front().front().size(), 0.0F));
  };
  Spine spine = located_spine();
  outline_canal(stack(400, 600), {nothing, 16}, spine);
  for (const auto& level : spine.levels) EXPECT_EQ(level->canal->diameter_mm, 11);
}

/// An oval canal, 14 mm deep and 12 mm wide, that runs straight to L3/L4 and from there 6 mm to the left until L5/S1.
bool crooked_canal(const Vector3& at) {
  const double aside_mm = std::clamp((-at.z() - 60 - 34 * 2) / (34 * 2), 0.0, 1.0) * 6;
  const double from_middle = (at.x() - aside_mm) / 6;
  return std::abs(from_middle) < 1 && std::abs(at.y() - 69) < 7 * std::sqrt(1 - from_middle * from_middle);
}

TEST(OutlineCanal, MeasuresALevelWhoseCanalLeavesTheCentralSlicesInItsOwn) {
  const Volume volume = stack(400, 600);
  Spine spine = located_spine();
  spine.central_slice = kMiddleSlice;
  LevelFrame& lowest = *spine.levels[index_of(Level::L5S1)];
  lowest.left = Vector3::UnitX();
  lowest.canal_patient = lowest.centre_patient + Vector3(5, 26, 0);  // as the locator sees it
  const auto discs = disc_edges(spine);
  const CanalStrip strip = cut_canal_strip(volume, discs, 16);
  const std::vector<int> chosen = outlined_slices(strip, discs, spine.central_slice);
  const std::vector<cv::Mat1f> canal = drawn(strip, crooked_canal);
  const auto outline = [&](const std::vector<OutlineInput>& inputs) {
    std::vector<cv::Mat1f> outlined;
    for (size_t k = 0; k < inputs.size(); ++k) outlined.push_back(canal[static_cast<size_t>(chosen[k])]);
    return outlined;
  };
  outline_canal(volume, {outline, 16}, spine);
  const auto central = measure_outline(strip, discs, middle_weights(strip), canal);
  EXPECT_LT(central[4].canal->diameter_mm, 10) << "the central slices cut the canal's side";
  EXPECT_NEAR(lowest.canal->diameter_mm, 13, 1);
  EXPECT_GT(lowest.canal->point_patient.x(), 2);
}

TEST(OutlinedSlices, LeavesOutWhatIsNotMeasured) {
  const auto discs = five_discs();
  Volume wide = stack(400, 600);
  wide.slices = 60;
  wide.voxels.resize(static_cast<size_t>(wide.columns) * wide.rows * 60);
  wide.patient_from_index.translation() = Vector3(-27, 0, 0);
  const CanalStrip strip = cut_canal_strip(wide, discs, 16);
  const std::vector<int> slices = outlined_slices(strip, discs, 30);
  EXPECT_THAT(slices, testing::Contains(30)) << "the middle";
  for (const int k : slices) EXPECT_LE(std::abs(-27 + kStepMm * k), 8);
}

}  // namespace
}  // namespace lumbargrade
