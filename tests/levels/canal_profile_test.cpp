#include "levels/canal_profile.h"

#include <gmock/gmock.h>

#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

// The outline is drawn on pixels of 0.3 mm: an edge may lie half a pixel off on either side, and the circle's centre
// too.
constexpr double kQuantisationMm = 0.45;
// The outline is drawn where the probability is .65, half a pixel inside an edge that falls from 1 to 0 over a pixel.
constexpr double kInsideEdgeMm = 0.3;

struct Measured {
  DiscChain chain;
  CanalProfile profile;
};

Measured measure(const SyntheticSpine& spine) {
  const LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  Measured measured{find_disc_chain(maps, kExamplePixelMm), {}};
  measured.profile = measure_canal(maps.canal, kExamplePixelMm, measured.chain);
  return measured;
}

TEST(MeasureCanal, GivesTheDiameterOfAnEvenBand) {
  const Measured measured = measure(example_spine());
  for (size_t k = 0; k < measured.chain.discs.size(); ++k) {
    const auto canal = canal_at_disc(measured.profile, measured.chain.discs[k]);
    ASSERT_TRUE(canal.has_value()) << "disc " << k;
    EXPECT_NEAR(canal->diameter_mm, 14 - kInsideEdgeMm, kQuantisationMm) << "disc " << k;
  }
}

TEST(MeasureCanal, FindsANarrowingAtItsDiscAndNotAtTheNext) {
  SyntheticSpine spine = example_spine();
  spine.narrowing_mm = {0, 0, 0, 6, 0, 0};
  const Measured measured = measure(spine);
  EXPECT_NEAR(canal_at_disc(measured.profile, measured.chain.discs[3])->diameter_mm, 8 - kInsideEdgeMm, 0.5);
  EXPECT_NEAR(canal_at_disc(measured.profile, measured.chain.discs[2])->diameter_mm, 14 - kInsideEdgeMm,
              kQuantisationMm);
}

TEST(MeasureCanal, MeasuresAcrossAnObliqueCanalAndNotAlongTheRows) {
  SyntheticSpine spine;
  for (int k = 0; k < 6; ++k) spine.discs_mm.emplace_back(30 + 12 * k, 40 + 34 * k);  // 19 degrees
  const Measured measured = measure(spine);
  const double expected = 14 * std::cos(std::atan2(12, 34));
  EXPECT_NEAR(canal_at_disc(measured.profile, measured.chain.discs[3])->diameter_mm, expected - kInsideEdgeMm, 0.4);
}

TEST(MeasureCanal, TakesTheReferenceBesideTheBodies) {
  SyntheticSpine spine = example_spine();
  spine.narrowing_mm = {0, 0, 5, 5, 0, 0};
  const Measured measured = measure(spine);
  const CanalProfile& profile = measured.profile;
  EXPECT_NEAR(*mean_beside(profile, profile.diameter_mm, measured.chain.discs, 3), 14 - kInsideEdgeMm, kQuantisationMm);
}

TEST(MeasureCanal, IgnoresABandThatIsNotBehindTheSpine) {
  SyntheticSpine spine = example_spine();
  spine.canal_offset_mm = 70;  // skin
  EXPECT_TRUE(measure(spine).profile.empty());
}

TEST(CanalAtDisc, IsAbsentWhereTheCanalEndsAbove) {
  const SyntheticSpine spine = example_spine();
  LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  maps.canal.rowRange(static_cast<int>(160 / kExamplePixelMm), maps.canal.rows).setTo(0);
  const DiscChain chain = find_disc_chain(maps, kExamplePixelMm);
  const CanalProfile profile = measure_canal(maps.canal, kExamplePixelMm, chain);
  EXPECT_TRUE(canal_at_disc(profile, chain.discs[1]).has_value());
  EXPECT_FALSE(canal_at_disc(profile, chain.discs[4]).has_value());
}

}  // namespace
}  // namespace lumbargrade
