#include "levels/disc_chain.h"

#include <gmock/gmock.h>

#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

DiscChain chain_of(const SyntheticSpine& spine) {
  return find_disc_chain(spine.draw(example_size(), kExamplePixelMm), kExamplePixelMm);
}

TEST(FindDiscChain, FindsEveryDiscOfACleanSpineWithinAMillimetre) {
  const SyntheticSpine spine = example_spine();
  const DiscChain chain = chain_of(spine);
  ASSERT_EQ(chain.discs.size(), spine.discs_mm.size());
  for (size_t k = 0; k < chain.discs.size(); ++k) {
    EXPECT_LT(cv::norm(chain.discs[k].centre_mm - spine.discs_mm[k]), 1.0) << "disc " << k;
  }
}

TEST(FindDiscChain, NamesTheDiscOnTheSacrumL5S1AndIsSure) {
  const DiscChain chain = chain_of(example_spine());
  EXPECT_EQ(chain.l5s1, 5);
  EXPECT_GT(chain.anchor_score, kSureAnchor);
}

TEST(FindDiscChain, IsNotSureWhenNoSacrumIsInView) {
  SyntheticSpine spine = example_spine();
  spine.has_sacrum = false;
  EXPECT_LT(chain_of(spine).anchor_score, kSureAnchor);
}

TEST(FindDiscChain, KeepsL5S1AboveARudimentaryDiscOfTheSacrum) {
  SyntheticSpine spine = example_spine();
  LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  spine.discs_mm.push_back(spine.discs_mm.back() + cv::Point2d(-4, 24));
  spine.has_sacrum = false;
  const LocatorMaps with_rudiment = spine.draw(example_size(), kExamplePixelMm);
  maps.disc = with_rudiment.disc;
  maps.centre = with_rudiment.centre;
  const DiscChain chain = find_disc_chain(maps, kExamplePixelMm);
  ASSERT_EQ(chain.discs.size(), 7u);
  EXPECT_EQ(chain.l5s1, 5);
}

TEST(FindDiscChain, FillsTheGapOfADiscThatIsNotSeen) {
  SyntheticSpine spine = example_spine();
  const cv::Point2d unseen = spine.discs_mm[2];
  spine.discs_mm.erase(spine.discs_mm.begin() + 2);
  const DiscChain chain = chain_of(spine);
  ASSERT_EQ(chain.discs.size(), 6u);
  EXPECT_TRUE(chain.discs[2].inserted);
  EXPECT_LT(cv::norm(chain.discs[2].centre_mm - unseen), 3.0);
}

TEST(FindDiscChain, PassesOverASpotFarFromTheSpine) {
  const SyntheticSpine spine = example_spine();
  LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  SyntheticSpine stray;
  stray.discs_mm = {{140, 120}, {140, 300}};
  stray.has_sacrum = false;
  const LocatorMaps stray_maps = stray.draw(example_size(), kExamplePixelMm);
  cv::add(maps.centre, stray_maps.centre, maps.centre);
  EXPECT_EQ(find_disc_chain(maps, kExamplePixelMm).discs.size(), 6u);
}

TEST(FindDiscChain, MeasuresDepthAndDirectionOfADisc) {
  const DiscChain chain = chain_of(example_spine());
  EXPECT_NEAR(chain.discs[3].depth_mm, 34, 2);
  EXPECT_NEAR(chain.discs[3].posterior.x, 1, 0.02);
  EXPECT_NEAR(chain.discs[3].posterior.y, 0, 0.1);
}

TEST(FindDiscChain, GivesAnEmptyChainForEmptyMaps) {
  LocatorMaps maps = example_spine().draw(example_size(), kExamplePixelMm);
  maps.disc.setTo(0);
  maps.centre.setTo(0);
  const DiscChain chain = find_disc_chain(maps, kExamplePixelMm);
  EXPECT_TRUE(chain.discs.empty());
  EXPECT_EQ(chain.l5s1, -1);
}

}  // namespace
}  // namespace lumbargrade
