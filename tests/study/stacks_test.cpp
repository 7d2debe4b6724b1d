#include "study/stacks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "study/made_study.h"
#include "study/stack_volume.h"

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Series = std::vector<std::shared_ptr<dicom::Instance>>;

std::shared_ptr<dicom::Instance> instance_of(const MadeImage& image, const std::string& file = "1.dcm") {
  return std::make_shared<dicom::Instance>(dicom::parse_instance(made_bytes(image), file));
}

void add(Series& series, const MadeSeries& made) {
  for (int i = 0; i < made.slices; ++i) series.push_back(instance_of(made_slice(made, i)));
}

std::vector<int> instance_numbers(const Stack& stack) {
  std::vector<int> numbers;
  for (const StackSlice& slice : stack.slices) numbers.push_back(slice.instance->instance_number);
  return numbers;
}

Volume decode(const Stack& stack) {
  std::vector<std::string> warnings;
  return decode_volume(stack, 2, warnings);
}

TEST(MakeStacks, OrdersByPositionWhateverTheInstanceNumbersSay) {
  Series series;
  add(series, {.step_mm = -4});  // numbers run against the normal
  std::swap(series[1], series[3]);
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 1u);
  EXPECT_THAT(instance_numbers(stacks.stacks[0]), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(stacks.stacks[0].warnings, IsEmpty());
}

TEST(MakeStacks, KeepsAngledAxialBlocksOfOneSeriesApart) {
  Series series;
  add(series, {.first = axial_plane(100), .slices = 4});
  add(series, {.first = axial_plane(60, 20), .slices = 3, .first_number = 5});
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 2u);
  EXPECT_EQ(stacks.stacks[0].slices.size(), 4u);
  EXPECT_EQ(stacks.stacks[1].slices.size(), 3u);
  const Volume angled = decode(stacks.stacks[1]);
  const Vector3 expected = series[5]->frames[0].plane->position_patient;
  EXPECT_NEAR((angled.patient_from_index * Vector3(0, 0, 1) - expected).norm(), 0, 1e-6);
}

TEST(MakeStacks, SplitsParallelAxialBlocksWhereTheyJumpToTheNextDisc) {
  Series series;
  add(series, {.first = axial_plane(0), .slices = 3});
  add(series, {.first = axial_plane(35), .slices = 3, .first_number = 4});
  EXPECT_EQ(make_stacks(series).stacks.size(), 2u);
}

TEST(MakeStacks, DropsTrueDuplicatesAndTells) {
  Series series;
  add(series, {});
  add(series, {});
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 1u);
  EXPECT_EQ(stacks.stacks[0].slices.size(), 5u);
  EXPECT_THAT(stacks.stacks[0].warnings, Contains(HasSubstr("5 duplicates")));
}

TEST(MakeStacks, KeepsDifferentImagesAtOnePositionApart) {
  Series series;
  add(series, {});
  add(series, {.first_number = 101});
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 2u);
  EXPECT_THAT(instance_numbers(stacks.stacks[0]), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(instance_numbers(stacks.stacks[1]), ElementsAre(101, 102, 103, 104, 105));
  EXPECT_EQ(stacks.stacks[1].repeat, 1);
  EXPECT_THAT(stacks.stacks[0].warnings, Contains(HasSubstr("2 different images at one position")));
}

TEST(MakeStacks, KeepsEchoesAndSizesApart) {
  Series series;
  add(series, {.change = [](DcmDataset& d, int) { put(d, DCM_EchoTime, "20"); }});
  add(series, {.change = [](DcmDataset& d, int) { put(d, DCM_EchoTime, "100"); }});
  for (int i = 0; i < 3; ++i) {
    MadeImage large = made_slice({}, i);
    large.rows = 9;
    series.push_back(instance_of(large));
  }
  EXPECT_EQ(make_stacks(series).stacks.size(), 3u);
}

TEST(MakeStacks, TakesEchoTimesThatScatterALittleForOne) {
  Series series;
  add(series, {.change = [](DcmDataset& d, int slice) { put(d, DCM_EchoTime, slice % 2 ? "101.2" : "101.9"); }});
  EXPECT_EQ(make_stacks(series).stacks.size(), 1u);
}

TEST(MakeStacks, KeepsTheStationsOfAWholeSpineInOneSeriesApart) {
  // Upper and lower station take turns, as slices sorted along the normal do; the lower one is off by .3 mm.
  Series series;
  for (int i = 0; i < 5; ++i) {
    for (const double z_mm : {300.0, 0.0}) {
      ImagePlane plane = sagittal_plane();
      plane.position_patient.z() = z_mm;
      if (z_mm == 0) plane.position_patient.x() += 0.3;
      series.push_back(instance_of(made_slice({.first = plane, .first_number = z_mm == 0 ? 1 : 6}, i)));
    }
  }
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 2u);
  for (const Stack& stack : stacks.stacks) {
    EXPECT_EQ(stack.slices.size(), 5u);
    EXPECT_EQ(stack.repeat, 0);
    EXPECT_THAT(stack.warnings, IsEmpty());
    const Affine matrix = patient_from_index(stack);
    for (size_t i = 0; i < 5; ++i) {
      const Vector3 expected = stack.slices[i].plane().position_patient;
      EXPECT_NEAR((matrix * Vector3(0, 0, static_cast<double>(i)) - expected).norm(), 0, 1e-6);
    }
  }
}

TEST(MakeStacks, HoldsNoTwoSlicesAtOneHeight) {
  Series series;
  add(series, {});
  MadeImage again = made_slice({.first_number = 6}, 2);
  again.plane.position_patient.z() += 0.5;
  series.push_back(instance_of(again));
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 2u);
  EXPECT_EQ(stacks.stacks[0].slices.size(), 5u);
  EXPECT_EQ(stacks.stacks[1].repeat, 1);
}

TEST(MakeStacks, KeepsASlantedStackWhole) {
  // Each slice lies 1.5 mm lower than the one before: no station of its own.
  Series series;
  for (int i = 0; i < 6; ++i) {
    MadeImage image = made_slice({}, i);
    image.plane.position_patient.z() -= 1.5 * i;
    series.push_back(instance_of(image));
  }
  ASSERT_EQ(make_stacks(series).stacks.size(), 1u);
}

TEST(MakeStacks, TellsGapsAndKeepsExactPositions) {
  Series series;
  add(series, {.slices = 6});
  series.erase(series.begin() + 2);
  const Stacks stacks = make_stacks(series);
  ASSERT_EQ(stacks.stacks.size(), 1u);
  EXPECT_THAT(stacks.stacks[0].warnings,
              ElementsAre(HasSubstr("1 gap between slices, up to 8 mm where 4 mm is usual")));
  const Volume volume = decode(stacks.stacks[0]);
  EXPECT_NEAR(volume.sources[2].position_patient.x(), volume.sources[1].position_patient.x() - 8, 1e-9);
}

TEST(MakeStacks, TakesSpacingFromPositionsNotFromThickness) {
  Series series;
  add(series, {.step_mm = 4.48, .change = [](DcmDataset& d, int) { put(d, DCM_SliceThickness, "4"); }});
  EXPECT_NEAR(spacing_mm(patient_from_index(make_stacks(series).stacks[0])).z(), 4.48, 1e-9);
}

TEST(MakeStacks, LeavesOutImagesWithoutGeometryAndTells) {
  Series series;
  add(series, {});
  MadeImage lost = made_slice({}, 7);
  lost.change = [](DcmDataset& d) { d.findAndDeleteElement(DCM_ImagePositionPatient); };
  series.push_back(instance_of(lost, "lost.dcm"));
  const Stacks stacks = make_stacks(series);
  EXPECT_EQ(stacks.stacks.at(0).slices.size(), 5u);
  EXPECT_THAT(stacks.warnings, ElementsAre("1 image left out: no ImagePositionPatient in lost.dcm"));
}

TEST(MakeStacks, SortsFramesOfAnEnhancedImageByPosition) {
  MadeImage image;
  image.rows = image.columns = 1;
  image.frames = 3;
  image.pixels = {30, 10, 20};
  image.change = [](DcmDataset& dataset) {
    const std::array<double, 3> x_mm = {-4, 4, 0};
    for (int i = 0; i < 3; ++i) {
      DcmItem *groups = nullptr, *item = nullptr;
      dataset.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, groups, i);
      groups->findOrCreateSequenceItem(DCM_PlanePositionSequence, item, 0);
      put(*item, DCM_ImagePositionPatient, decimal_string({x_mm[static_cast<size_t>(i)], 0, 0}));
    }
    dataset.findAndDeleteElement(DCM_ImagePositionPatient);
  };
  const Stacks stacks = make_stacks({instance_of(image)});
  ASSERT_EQ(stacks.stacks.size(), 1u);
  EXPECT_THAT(decode(stacks.stacks[0]).voxels, ElementsAre(10, 20, 30));  // the normal points to -x
}

TEST(DecodeVolume, LeavesOutSlicesThatCannotBeDecodedAndTells) {
  Series series;
  add(series, {});
  series[2]->pixels.reset();
  std::vector<std::string> warnings;
  const Volume volume = decode_volume(make_stacks(series).stacks[0], 2, warnings);
  EXPECT_EQ(volume.slices, 4);
  EXPECT_EQ(volume.voxels.size(), 4u * 8u * 6u);
  EXPECT_EQ(warnings.size(), 1u);
}

}  // namespace
}  // namespace lumbargrade
