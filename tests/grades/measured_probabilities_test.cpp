#include "grades/measured_probabilities.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lumbargrade {
namespace {

MeasureModel hand_made_measure() {
  MeasureModel model;
  for (auto& cuts : model.levels) cuts = {8, 6, 12};
  model.reference_exponent = 0.5;
  model.width = 1;
  return model;
}

double sum(const Probabilities& p) {
  return p[0] + p[1] + p[2];
}

TEST(MeasuredProbabilities, ProbabilitiesFollowTheCumulativeLogistic) {
  // z = 9 (own reference is the typical one), width 1: the odds are 8/9 and 6/9.
  const Probabilities p = measured_probabilities(hand_made_measure(), Level::L3L4, {9, 12});
  EXPECT_NEAR(p[1] + p[2], 8.0 / 17, 1e-12);
  EXPECT_NEAR(p[2], 6.0 / 15, 1e-12);
  EXPECT_NEAR(sum(p), 1, 1e-12);
}

TEST(MeasuredProbabilities, ASmallerRatioOrDiameterNeverLooksHealthier) {
  const MeasureModel model = hand_made_measure();
  for (double diameter_mm = 1; diameter_mm < 18; diameter_mm += 0.5) {
    for (double reference_mm = 6; reference_mm < 20; reference_mm += 0.5) {
      const Probabilities p = measured_probabilities(model, Level::L4L5, {diameter_mm, reference_mm});
      const Probabilities narrower = measured_probabilities(model, Level::L4L5, {diameter_mm - 0.5, reference_mm});
      const Probabilities wider_neighbours =
          measured_probabilities(model, Level::L4L5, {diameter_mm, reference_mm + 0.5});
      EXPECT_GE(narrower[2], p[2]);
      EXPECT_LE(narrower[0], p[0]);
      EXPECT_GE(wider_neighbours[2], p[2]);
      EXPECT_LE(wider_neighbours[0], p[0]);
    }
  }
}

TEST(MeasuredProbabilities, WithoutAReferenceTheDiameterCountsAsItIs) {
  EXPECT_DOUBLE_EQ(scaled_measure(hand_made_measure(), Level::L1L2, {7.5, std::nullopt}), 7.5);
}

TEST(MeasuredProbabilities, ScalesTheDiameterByTheRootOfTheReference) {
  EXPECT_NEAR(scaled_measure(hand_made_measure(), Level::L1L2, {9, 16}), 9 * std::sqrt(12.0 / 16), 1e-12);
}

TEST(MeasuredProbabilities, AMismeasuredReferenceCannotMoveTheDiameterWithoutLimit) {
  EXPECT_NEAR(scaled_measure(hand_made_measure(), Level::L5S1, {10, 1}), 14, 1e-12);
  EXPECT_NEAR(scaled_measure(hand_made_measure(), Level::L5S1, {10, 200}), 7, 1e-12);
}

TEST(MeasuredProbabilities, AMeasureWithoutAReferenceUsesItsOwnUnit) {
  MeasureModel share;  // of fat, 0..1
  share.width = 0.5;
  share.levels.fill({0.3, 0.1, 0});
  // The odds are (.3/.4)^2 and (.1/.4)^2.
  const Probabilities p = measured_probabilities(share, Level::L4L5, {0.4, std::nullopt});
  EXPECT_NEAR(p[1] + p[2], 0.5625 / 1.5625, 1e-12);
  EXPECT_NEAR(p[2], 0.0625 / 1.0625, 1e-12);
}

TEST(MeasuredProbabilities, AMeasureThatGoesToNothingIsSevereAtEveryLevel) {
  MeasureModel model = hand_made_measure();
  model.width = 0.3;
  for (const Level level : kLevels) {
    for (const double value : {0.0, 0.2}) {
      EXPECT_EQ(most_probable(measured_probabilities(model, level, {value, 12})), Severity::Severe);
    }
  }
}

TEST(MeasuredProbabilities, ANegativeExponentLetsTheMeasureGrowWithItsReference) {
  MeasureModel model = hand_made_measure();
  model.reference_exponent = -0.25;
  EXPECT_NEAR(scaled_measure(model, Level::L1L2, {0.5, 6}), 0.5 * std::pow(0.5, 0.25), 1e-12);
  EXPECT_GT(scaled_measure(model, Level::L1L2, {0.5, 14}), 0.5);
}

}  // namespace
}  // namespace lumbargrade
