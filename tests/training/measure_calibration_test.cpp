#include "training/calibration/measure_calibration.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/prevalence.h"

namespace lumbargrade {
namespace {

/// Diameters of 3 to 15 mm in canals of 12 mm.
MeasureSample canals() {
  MeasureSample sample;
  for (auto& measures : sample) {
    for (double diameter_mm = 3; diameter_mm <= 15; diameter_mm += 0.5) measures.push_back({diameter_mm, 12});
  }
  return sample;
}

MeasureAssumptions canal_assumptions() {
  MeasureAssumptions assumptions;
  assumptions.reference_exponent = 0.5;
  assumptions.measuring_error = 0.08;
  assumptions.reader_kappa = 0.7;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SpinalCanalStenosis)];
  return assumptions;
}

/// Depths of 0 to 11.8 mm, without a reference.
MeasureSample depths() {
  MeasureSample sample;
  for (auto& level : sample) {
    for (int k = 0; k < 60; ++k) level.push_back({0.2 * k, std::nullopt});
  }
  return sample;
}

MeasureAssumptions depth_assumptions() {
  MeasureAssumptions assumptions;
  assumptions.measuring_error = 0.2;
  assumptions.reader_kappa = 0.32;
  assumptions.prevalence.fill({0.7, 0.2, 0.1});
  return assumptions;
}

void expect_prevalence(const MeasureSample& sample, const MeasureAssumptions& assumptions) {
  const MeasureModel model = calibrate_measure(sample, assumptions, "measures");
  for (const Level level : kLevels) {
    const auto at = static_cast<size_t>(index_of(level));
    Probabilities mean{};
    for (const Measured& measure : sample[at]) {
      const Probabilities p = measured_probabilities(model, level, measure);
      EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
      for (size_t k = 0; k < mean.size(); ++k) mean[k] += p[k] / static_cast<double>(sample[at].size());
    }
    for (size_t k = 0; k < mean.size(); ++k) {
      EXPECT_NEAR(mean[k], assumptions.prevalence[at][k], 1e-6) << level_name(level) << " class " << k;
    }
  }
}

TEST(MeasureCalibration, TwoReadersWhoAreSureAgreeFullyAndTwoWhoGuessAgreeByChance) {
  EXPECT_NEAR(agreement_of_two_readers({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), 1, 1e-12);
  EXPECT_NEAR(agreement_of_two_readers({{0.5, 0.3, 0.2}, {0.5, 0.3, 0.2}}), 0, 1e-12);
}

TEST(MeasureCalibration, MeanProbabilitiesEqualThePrevalenceAtEveryLevel) {
  expect_prevalence(canals(), canal_assumptions());
  expect_prevalence(depths(), depth_assumptions());
}

TEST(MeasureCalibration, LessAgreementOfReadersMeansAWiderModel) {
  MeasureAssumptions assumptions = canal_assumptions();
  const double agreeing = calibrate_measure(canals(), assumptions, "canals").width;
  assumptions.reader_kappa = 0.4;
  EXPECT_GT(calibrate_measure(canals(), assumptions, "canals").width, 1.3 * agreeing);
}

TEST(MeasureCalibration, AMeasuringErrorAloneGivesTheLeastWidth) {
  MeasureAssumptions assumptions = canal_assumptions();
  assumptions.reader_kappa = 0.999;
  // SD = .08 * sqrt(pi/2) = .100265; the logistic scale is SD * sqrt(3)/pi = .055279.
  EXPECT_NEAR(calibrate_measure(canals(), assumptions, "canals").width, 0.055279, 0.002);
}

TEST(MeasureCalibration, AShallowerRecessIsMoreProbablySevere) {
  const MeasureModel model = calibrate_measure(depths(), depth_assumptions(), "depths");
  double last = 1;
  for (const double depth_mm : {0.0, 2.0, 4.0, 8.0, 12.0}) {
    const double severe = measured_probabilities(model, Level::L4L5, {depth_mm, std::nullopt})[2];
    EXPECT_LT(severe, last);
    last = severe;
  }
}

TEST(MeasureCalibration, OnlyAMeasureWithAReferenceLearnsATypicalOne) {
  EXPECT_EQ(calibrate_measure(canals(), canal_assumptions(), "canals").levels[0].typical_reference, 12);
  EXPECT_EQ(calibrate_measure(depths(), depth_assumptions(), "depths").levels[0].typical_reference, 0);
}

TEST(MeasureCalibration, RefusesASampleTooSmallToCalibrateOn) {
  MeasureSample few = depths();
  few[4].resize(9);
  EXPECT_THROW(calibrate_measure(few, depth_assumptions(), "depths"), Error);
  MeasureAssumptions assumptions = depth_assumptions();
  assumptions.fewest = 9;
  EXPECT_NO_THROW(calibrate_measure(few, assumptions, "depths"));
  MeasureSample without_references = canals();
  for (Measured& measure : without_references[2]) measure.reference.reset();
  EXPECT_THROW(calibrate_measure(without_references, canal_assumptions(), "canals"), Error);
}

TEST(Prevalence, EveryTripleSumsToOneAndKeepsTheCountedValues) {
  for (const Finding& finding : all_findings()) {
    const Probabilities& p = prior_of(challenge_prevalence(), finding);
    EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
  }
  const Probabilities& p = prior_of(challenge_prevalence(), {Condition::SubarticularStenosis, Side::Left, Level::L4L5});
  EXPECT_NEAR(p[2], 0.234, 0.001);
}

}  // namespace
}  // namespace lumbargrade
