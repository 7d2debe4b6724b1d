#include "levels/locate.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "levels/spine_builder.h"
#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

constexpr double kSliceStepMm = 4;
constexpr int kThickSlices = 7;

/// A stack of sagittal slices, patient x growing with the slice; the canal is widest in `middle`.
struct Stack {
  std::vector<SliceImage> slices;
  std::vector<LocatorMaps> maps;
};

Stack stack_of(const SyntheticSpine& spine, double middle = 3) {
  Stack stack;
  for (int k = 0; k < kThickSlices; ++k) {
    SliceImage slice;
    slice.pixels = cv::Mat1f(example_size(), 0.0F);
    slice.patient_from_pixel.linear() << 0, 0, 1, kExamplePixelMm, 0, 0, 0, -kExamplePixelMm, 0;
    slice.patient_from_pixel.translation() = Vector3(kSliceStepMm * k - 12, -80, 120);
    stack.slices.push_back(slice);
    stack.maps.push_back(spine.draw(example_size(), kExamplePixelMm));
    if (std::abs(k - middle) > 1.6) stack.maps.back().canal.setTo(0);
  }
  return stack;
}

Spine located(const Stack& stack, const LocatorOptions& options = {}) {
  return spine_from_maps(stack.slices, stack.maps, options);
}

Vector3 patient(cv::Point2d point_mm, double x_mm) {
  return {x_mm, point_mm.x - 80, 120 - point_mm.y};
}

TEST(SpineFromMaps, PutsFiveNamedLevelsWhereTheDiscsAre) {
  const SyntheticSpine spine = example_spine();
  const Spine found = located(stack_of(spine));
  for (const Level level : kLevels) {
    const auto& frame = found.levels[static_cast<size_t>(index_of(level))];
    ASSERT_TRUE(frame.has_value()) << level_name(level);
    const cv::Point2d truth = spine.discs_mm[static_cast<size_t>(index_of(level)) + 1];
    EXPECT_LT((frame->centre_patient - patient(truth, 0)).norm(), 1.5) << level_name(level);
    EXPECT_GT(frame->confidence, 0.8) << level_name(level);
  }
  EXPECT_THAT(found.flags, testing::IsEmpty());
}

TEST(SpineFromMaps, FrameAxesAreOrthonormalAndPointLeftBackAndUp) {
  const Spine found = located(stack_of(example_spine()));
  for (const auto& frame : found.levels) {
    EXPECT_NEAR(frame->left.dot(frame->posterior), 0, 1e-9);
    EXPECT_NEAR(frame->left.dot(frame->up), 0, 1e-9);
    EXPECT_NEAR(frame->posterior.dot(frame->up), 0, 1e-9);
    EXPECT_GT(frame->left.x(), 0.9);
    EXPECT_GT(frame->posterior.y(), 0.8);
    EXPECT_GT(frame->up.z(), 0.8);
  }
}

TEST(SpineFromMaps, TakesLeftAndRightFromTheSlicesThatShowTheCanal) {
  const Spine found = located(stack_of(example_spine(), 4));
  EXPECT_NEAR(found.levels[2]->centre_patient.x(), 4, 1e-6);  // slice 4 lies at x = 4 * 4 - 12
  EXPECT_EQ(found.levels[2]->slice, 4);
}

TEST(SpineFromMaps, FlagsACanalThatLeavesTheMeasuredSlices) {
  const SyntheticSpine spine = example_spine();
  Stack stack = stack_of(spine);
  const int bend = static_cast<int>((spine.discs_mm[1].y + spine.discs_mm[2].y) / 2 / kExamplePixelMm);
  const cv::Mat1f whole = stack.maps[3].canal.clone();
  for (int k = 0; k < kThickSlices; ++k) {  // above the bend the canal lies three slices, 12 mm, to the left
    cv::Mat1f& canal = stack.maps[static_cast<size_t>(k)].canal;
    canal.rowRange(0, bend).setTo(0);
    if (k >= 5) whole.rowRange(0, bend).copyTo(canal.rowRange(0, bend));
  }
  EXPECT_THAT(located(stack).flags, testing::Contains("canal_out_of_plane"));
}

TEST(SpineFromMaps, PassesOverOuterSlicesWhoseFatLooksLikeCanal) {
  const SyntheticSpine spine = example_spine();
  Stack stack = stack_of(spine);
  for (const size_t outer : {size_t{0}, size_t{5}, size_t{6}}) {
    LocatorMaps& maps = stack.maps[outer];
    for (auto member :
         {&LocatorMaps::disc, &LocatorMaps::vertebra, &LocatorMaps::l5s1, &LocatorMaps::s1, &LocatorMaps::centre}) {
      (maps.*member).setTo(0);
    }
    maps.canal.setTo(0.9);
  }
  const Spine found = located(stack);
  ASSERT_EQ(found.level_count(), kLevelCount);
  for (const auto& frame : found.levels) {
    EXPECT_GT(frame->confidence, 0.8);
    EXPECT_NEAR(frame->centre_patient.x(), 0, 2);
  }
  EXPECT_NEAR(found.central_slice, 3, 0.5);
}

TEST(SpineFromMaps, MeasuresTheCanalWithItsReference) {
  SyntheticSpine spine = example_spine();
  spine.narrowing_mm = {0, 0, 0, 7, 0, 0};
  const Spine found = located(stack_of(spine));
  ASSERT_TRUE(found.levels[2]->canal.has_value());
  EXPECT_NEAR(found.levels[2]->canal->diameter_mm, 6.7, 0.5);  // drawn .3 mm inside the edge
  EXPECT_NEAR(*found.levels[2]->canal->ratio(), 0.5, 0.05);
  EXPECT_NEAR(*found.levels[1]->canal->ratio(), 1, 0.05);
}

TEST(SpineFromMaps, CanalPointLiesInTheMiddleOfTheCanal) {
  const SyntheticSpine spine = example_spine();
  const Spine found = located(stack_of(spine));
  const cv::Point2d disc = spine.discs_mm[3];
  EXPECT_LT((*found.levels[2]->canal_patient - patient({spine.canal_x_mm(disc.y), disc.y}, 0)).norm(), 1.5);
}

TEST(SpineFromMaps, SaysWhenTheSacrumIsOutOfView) {
  SyntheticSpine spine = example_spine();
  spine.has_sacrum = false;
  const Spine found = located(stack_of(spine));
  EXPECT_THAT(found.flags, testing::Contains("level_names_uncertain"));
  EXPECT_GE(found.level_count(), 3);
  for (const auto& frame : found.levels) EXPECT_LT(frame ? frame->confidence : 0, 0.1);
}

TEST(SpineFromMaps, LeavesOutLevelsThatAreNotInView) {
  SyntheticSpine spine = example_spine();
  spine.discs_mm.erase(spine.discs_mm.begin(), spine.discs_mm.begin() + 2);
  const Spine found = located(stack_of(spine));
  EXPECT_FALSE(found.levels[0].has_value());
  EXPECT_TRUE(found.levels[1].has_value());
  EXPECT_THAT(found.flags, testing::Contains("fewer_than_five_discs"));
}

TEST(SpineFromMaps, NamesFromTheDiscThatTheUserGives) {
  const SyntheticSpine spine = example_spine();
  const auto height_of_l4l5 = [&](LowestDisc lowest) {
    LocatorOptions options;
    options.lowest_disc = lowest;
    return located(stack_of(spine), options).levels[3]->centre_patient.z();
  };
  EXPECT_NEAR(height_of_l4l5(LowestDisc::L5S1), 120 - spine.discs_mm[4].y, 1.5);
  EXPECT_NEAR(height_of_l4l5(LowestDisc::L4L5), 120 - spine.discs_mm[5].y, 1.5);
  EXPECT_NEAR(height_of_l4l5(LowestDisc::L6S1), 120 - spine.discs_mm[3].y, 1.5);
}

TEST(SpineFromMaps, RefusesAnImageWithoutASpine) {
  Stack stack = stack_of(example_spine());
  for (LocatorMaps& maps : stack.maps) {
    maps.disc.setTo(0);
    maps.centre.setTo(0);
  }
  try {
    located(stack);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoUsableStudy);
    EXPECT_THAT(error.what(), testing::HasSubstr("no lumbar discs found"));
  }
}

TEST(SlicesToLocate, CoverALongStackEvenlyFromEndToEnd) {
  const std::vector<int> chosen = slices_to_locate(100, 25);
  EXPECT_EQ(chosen.size(), 25u);
  EXPECT_EQ(chosen.front(), 0);
  EXPECT_EQ(chosen.back(), 99);
  EXPECT_EQ(slices_to_locate(18, 25).size(), 18u);
  EXPECT_THAT(slices_to_locate(9, 1), testing::ElementsAre(4));
}

}  // namespace
}  // namespace lumbargrade
