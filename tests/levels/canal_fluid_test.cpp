#include "levels/canal_fluid.h"

#include <gtest/gtest.h>

#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

/// Fluid of grey value 100 in the canal, `dark` at the third disc.
cv::Mat1f fluid(const SyntheticSpine& spine, float dark) {
  cv::Mat1f pixels(example_size(), 100.0F);
  for (int row = 0; row < pixels.rows; ++row) {
    if (std::abs(row * kExamplePixelMm - spine.discs_mm[2].y) < 6) pixels.row(row).setTo(dark);
  }
  return pixels;
}

std::optional<double> ratio_at_third(const SyntheticSpine& spine, float dark) {
  const LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  const DiscChain chain = find_disc_chain(maps, kExamplePixelMm);
  const CanalProfile profile = measure_canal(maps.canal, kExamplePixelMm, chain);
  return fluid_ratio(profile, signal_across(maps.canal, fluid(spine, dark), profile), chain.discs, 2);
}

TEST(CanalFluid, AnEvenCanalHasARatioOfOne) {
  EXPECT_NEAR(*ratio_at_third(example_spine(), 100), 1, 0.05);
}

TEST(CanalFluid, LessSignalInACanalAsWideLowersTheRatio) {
  EXPECT_NEAR(*ratio_at_third(example_spine(), 40), 0.4, 0.05);
}

TEST(CanalFluid, WidthAndBrightnessMultiply) {
  SyntheticSpine narrowed = example_spine();
  narrowed.narrowing_mm = {0, 0, 7};
  const double bright = *ratio_at_third(narrowed, 100);
  EXPECT_NEAR(bright, 0.5, 0.08);
  EXPECT_NEAR(*ratio_at_third(narrowed, 40), 0.4 * bright, 0.05);
}

}  // namespace
}  // namespace lumbargrade
