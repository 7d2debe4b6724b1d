#include "training/calibration/naming_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.h"

namespace lumbargrade {
namespace {

/// Chains of seven discs whose L5/S1 is the one with much of feature 0, and, by chance, not always the lowest.
std::vector<NamedChain> chains(int count) {
  std::mt19937 random(5);
  std::normal_distribution<double> noise(0, 0.3);
  std::vector<NamedChain> list;
  for (int n = 0; n < count; ++n) {
    NamedChain chain;
    chain.patient = chain.file = std::to_string(n);
    chain.l5s1 = n % 3 == 0 ? 5 : 6;
    for (int k = 0; k < 7; ++k) {
      DiscFeatures features{};
      features[0] = (k == chain.l5s1 ? 2 : 0) + noise(random);
      features[4] = k == 6 ? 1 : 0;
      chain.features.discs.push_back(features);
    }
    chain.features.out_of_view = {1, 0, 0};
    list.push_back(chain);
  }
  return list;
}

TEST(NamingFit, LearnsWhichFeatureTellsTheFirstDiscAboveTheSacrum) {
  const NamingModel model = fit_naming(chains(60));
  EXPECT_GT(model.weight[0], 1);
  EXPECT_GT(model.weight[0], 2 * std::abs(model.weight[4]));
  const NamingFigures figures = naming_figures(chains(60), 5);
  EXPECT_EQ(figures.images, 60);
  EXPECT_GE(figures.right, 58);
  EXPECT_EQ(static_cast<int>(figures.misses.size()), figures.images - figures.right);
}

TEST(NamingFit, AnImageCutAboveL5S1IsDoubted) {
  std::vector<NamedChain> all = chains(60);
  for (NamedChain chain : chains(60)) {
    chain.cut = true;
    chain.features.discs.resize(static_cast<size_t>(chain.l5s1));  // what lies below is cut away
    chain.l5s1 = -1;
    chain.features.out_of_view[1] = 1;
    all.push_back(chain);
  }
  const NamingFigures figures = naming_figures(all, 5);
  EXPECT_EQ(figures.cut, 60);
  EXPECT_GE(figures.cut_doubted, 50);
}

TEST(NamingFit, MislabelledImagesTeachNothingAndAreCountedBothWays) {
  std::vector<NamedChain> all = chains(60);
  for (size_t n = 0; n < 12; ++n) all[n].mislabelled = true, all[n].l5s1 = 0;
  std::vector<NamedChain> labelled_well(all.begin() + 12, all.end());
  const NamingFigures figures = naming_figures(all, 5);
  EXPECT_EQ(figures.images, 60);
  EXPECT_EQ(figures.mislabelled, 12);
  EXPECT_EQ(figures.mislabelled_right, 0);
  EXPECT_GE(figures.right, 46);
  EXPECT_NEAR(fit_naming(all).weight[0], fit_naming(labelled_well).weight[0], 0.05);
  const auto metrics = naming_metrics(figures, "test");
  EXPECT_EQ(metrics.at(1).count, 48);
}

TEST(NamingFit, WithoutDiscsThereIsNothingToLearn) {
  EXPECT_THROW(fit_naming({}), Error);
}

}  // namespace
}  // namespace lumbargrade
