#include "levels/naming.h"

#include <gtest/gtest.h>

#include <cmath>

#include "levels/synthetic_spine.h"

namespace lumbargrade {
namespace {

struct Read {
  DiscChain chain;
  NamingFeatures features;
};

Read read(const SyntheticSpine& spine) {
  const LocatorMaps maps = spine.draw(example_size(), kExamplePixelMm);
  Read result;
  result.chain = find_disc_chain(maps, kExamplePixelMm);
  const CanalProfile profile = measure_canal(maps.canal, kExamplePixelMm, result.chain);
  result.features = naming_features(result.chain, profile, maps, kExamplePixelMm);
  return result;
}

size_t place_of(std::string_view feature) {
  return static_cast<size_t>(std::find(kNamingFeatures.begin(), kNamingFeatures.end(), feature) -
                             kNamingFeatures.begin());
}

NamingModel model_of(std::string_view feature, double weight) {
  NamingModel model;
  model.scale.fill(1);
  model.weight[place_of(feature)] = weight;
  model.out_of_view[0] = -100;
  return model;
}

TEST(Naming, FeaturesTellTheLowestDiscAndItsMaps) {
  const Read spine = read(example_spine());
  ASSERT_EQ(spine.features.discs.size(), spine.chain.discs.size());
  for (size_t k = 0; k < spine.features.discs.size(); ++k) {
    const bool is_lowest = k + 1 == spine.features.discs.size();
    EXPECT_EQ(spine.features.discs[k][place_of("lowest")], is_lowest ? 1 : 0);
    EXPECT_EQ(spine.features.discs[k][place_of("few_discs_above")], k < 4 ? 1 : 0);
    EXPECT_EQ(spine.features.discs[k][place_of("l5s1_map")], spine.chain.discs[k].l5s1_score);
  }
}

TEST(Naming, TheLikeliestDiscIsL5S1AndItsRivalIsTold) {
  const Read spine = read(example_spine());
  const auto last = static_cast<int>(spine.features.discs.size()) - 1;
  const Naming sure = name_discs(spine.features, model_of("lowest", 20));
  EXPECT_EQ(sure.l5s1, last);
  EXPECT_GT(sure.probability, 0.999);
  const Naming torn = name_discs(spine.features, model_of("few_discs_above", -20));
  EXPECT_EQ(torn.l5s1, 4);
  EXPECT_NEAR(torn.probability, 0.5, 1e-6);  // the two lowest of six discs have four above them
  EXPECT_NEAR(torn.below, 0.5, 1e-6);
  EXPECT_LT(torn.above, 1e-6);
}

TEST(Naming, ProbabilitiesSumToOneWithTheChanceThatL5S1IsOutOfView) {
  NamingModel model = model_of("score", 1);
  model.out_of_view = {0, 0, 0};
  const auto probabilities = naming_probabilities(read(example_spine()).features, model);
  double sum = 0;
  for (const double p : probabilities) sum += p;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_GT(probabilities.back(), 0);
}

}  // namespace
}  // namespace lumbargrade
