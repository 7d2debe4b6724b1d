#include "levels/slice_search.h"

#include <gmock/gmock.h>

#include <set>

#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

constexpr int kStackSlices = 17;
constexpr double kSearchStepMm = 4.5;
constexpr int kMultiple = 16;

SlicePositions positions_of(int slices, double step_mm) {
  std::vector<Vector3> positions;
  for (int k = 0; k < slices; ++k) positions.emplace_back(step_mm * k, 0, 0);
  return {positions, Vector3::UnitX(), step_mm};
}

/// The drawn spine where the middle of slice `k` lies within `half_width` slices of `middle`; nothing beside it.
std::vector<LocatorMaps> stack_with_spine(int middle, int half_width) {
  const LocatorMaps seen = example_spine().draw(example_size(), kExamplePixelMm);
  std::vector<LocatorMaps> maps(kStackSlices);
  for (int k = 0; k < kStackSlices; ++k) {
    for (auto member : {&LocatorMaps::disc, &LocatorMaps::vertebra, &LocatorMaps::canal, &LocatorMaps::l5s1,
                        &LocatorMaps::s1, &LocatorMaps::centre}) {
      const float share = std::abs(k - middle) <= half_width ? 1.0F : 0.0F;
      maps[static_cast<size_t>(k)].*member = cv::Mat1f(seen.*member * share);
    }
  }
  return maps;
}

/// Which slices are looked at.
struct Looked {
  std::set<size_t> slices;
  std::vector<double> seen;
  cv::Range columns;  ///< of the last ones
};

Looked look(const std::vector<LocatorMaps>& maps, double step_mm = kSearchStepMm) {
  Looked looked;
  const auto maps_of = [&](const std::vector<size_t>& wanted, const cv::Range& columns) {
    std::vector<LocatorMaps> drawn;
    for (const size_t k : wanted) {
      EXPECT_TRUE(looked.slices.insert(k).second) << "slice " << k << " was drawn twice";
      drawn.push_back(maps[k]);
    }
    looked.columns = columns;
    return drawn;
  };
  const SliceSearch search(positions_of(static_cast<int>(maps.size()), step_mm), example_size(), kExamplePixelMm,
                           kMultiple, maps_of);
  looked.seen = search.stack().seen;
  return looked;
}

TEST(SliceSearch, LooksNoFartherThanTheFirstSlicesWithoutSpine) {
  const Looked looked = look(stack_with_spine(8, 2));
  EXPECT_THAT(looked.slices, testing::ElementsAre(5, 6, 7, 8, 9, 10, 11));
}

TEST(SliceSearch, LooksOnlyAtTheColumnsOfTheSpineOnceItIsSeen) {
  const Looked looked = look(stack_with_spine(8, 2));
  double front = 1e9, back = 0;
  for (const cv::Point2d& disc : example_spine().discs_mm)
    front = std::min(front, disc.x), back = std::max(back, disc.x);
  EXPECT_EQ(looked.columns.start % kMultiple, 0);
  EXPECT_LE(looked.columns.start * kExamplePixelMm, std::max(0.0, front - 34));
  EXPECT_GE(looked.columns.end * kExamplePixelMm, std::min(example_size().width * kExamplePixelMm, back + 62));
  EXPECT_LT(looked.columns.size(), example_size().width);
}

TEST(SliceSearch, FindsASpineBesideTheMiddleOfTheStack) {
  for (const int middle : {2, 5, 12, 15}) {
    const std::vector<LocatorMaps> maps = stack_with_spine(middle, 1);
    const StackMaps all = stack_maps(maps, kExamplePixelMm);
    EXPECT_THAT(look(maps).seen, testing::Pointwise(testing::DoubleNear(0.05), all.seen)) << middle;
  }
}

TEST(SliceSearch, LooksAtEverySliceWhereNoneShowsASpine) {
  EXPECT_EQ(look(stack_with_spine(8, -1)).slices.size(), size_t{kStackSlices});
}

TEST(SliceSearch, LooksAtEverySliceWhereTheBestShowsLittleOfOne) {
  std::vector<LocatorMaps> maps = stack_with_spine(8, 1);
  for (LocatorMaps& slice : maps) slice.l5s1 *= 0.2F, slice.s1 *= 0.2F;
  EXPECT_EQ(look(maps).slices.size(), size_t{kStackSlices});
}

TEST(SliceSearch, LooksAtTheOnlySliceOnce) {
  EXPECT_THAT(look({stack_with_spine(8, 0)[8]}).slices, testing::ElementsAre(0));
}

TEST(SliceSearch, FollowsACanalThatBendsOutOfWhatWasLookedAt) {
  std::vector<LocatorMaps> maps = stack_with_spine(8, 1);
  const SyntheticSpine spine = example_spine();
  const int bend = static_cast<int>((spine.discs_mm[1].y + spine.discs_mm[2].y) / 2 / kExamplePixelMm);
  const cv::Mat1f whole = maps[8].canal.clone();
  for (size_t k = 0; k < maps.size(); ++k) {  // above the bend the canal has most mass four slices aside
    maps[k].canal.rowRange(0, bend) = whole.rowRange(0, bend) * std::max(0.0, 1 - 0.2 * std::abs(double(k) - 12));
  }
  std::vector<SliceImage> slices(maps.size());
  for (size_t k = 0; k < slices.size(); ++k) {
    slices[k].pixel_mm = kExamplePixelMm;
    slices[k].patient_from_pixel.linear() << 0, 0, 1, kExamplePixelMm, 0, 0, 0, -kExamplePixelMm, 0;
    slices[k].patient_from_pixel.translation() = Vector3(kSearchStepMm * double(k), 0, 0);
  }
  const auto maps_of = [&](const std::vector<size_t>& wanted, const cv::Range&) {
    std::vector<LocatorMaps> drawn;
    for (const size_t k : wanted) drawn.push_back(maps[k]);
    return drawn;
  };
  SliceSearch search(positions_of(kStackSlices, kSearchStepMm), example_size(), kExamplePixelMm, kMultiple, maps_of);
  EXPECT_FALSE(search.stack().has(13));
  while (search.follow_canal(read_stack(slices, search.stack()))) {
  }
  EXPECT_TRUE(search.stack().has(13));
  EXPECT_FALSE(search.stack().has(2));
}

}  // namespace
}  // namespace lumbargrade
