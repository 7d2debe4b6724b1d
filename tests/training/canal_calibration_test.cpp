#include "training/calibration/canal_calibration.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace lumbargrade {
namespace {

CanalSample evenly_spread_sample() {
  CanalSample sample;
  for (auto& measures : sample) {
    for (double diameter_mm = 3; diameter_mm <= 15; diameter_mm += 0.5) measures.push_back({diameter_mm, 12});
  }
  return sample;
}

CanalAssumptions challenge_assumptions() {
  CanalAssumptions assumptions;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SpinalCanalStenosis)];
  return assumptions;
}

TEST(CanalCalibration, MeanProbabilitiesEqualThePrevalenceAtEveryLevel) {
  const CanalSample sample = evenly_spread_sample();
  const CanalAssumptions assumptions = challenge_assumptions();
  const MeasureModel model = calibrate_canal(sample, assumptions).model;
  for (Level level : kLevels) {
    Probabilities mean{};
    const auto& measures = sample[index_of(level)];
    for (const auto& measure : measures) {
      const Probabilities p = measured_probabilities(model, level, {measure.diameter_mm, measure.reference_mm});
      for (int k = 0; k < kSeverityCount; ++k) mean[k] += p[k] / static_cast<double>(measures.size());
    }
    for (int k = 0; k < kSeverityCount; ++k) {
      EXPECT_NEAR(mean[k], assumptions.prevalence[index_of(level)][k], 1e-9) << level_name(level) << " class " << k;
    }
  }
}

TEST(CanalCalibration, LessAgreementOfReadersMeansAWiderModel) {
  CanalAssumptions assumptions = challenge_assumptions();
  const double agreeing_mm = calibrate_canal(evenly_spread_sample(), assumptions).model.width;
  assumptions.reader_kappa = 0.4;
  EXPECT_GT(calibrate_canal(evenly_spread_sample(), assumptions).model.width, 1.3 * agreeing_mm);
}

TEST(CanalCalibration, AMeasuringErrorAloneGivesTheLeastWidth) {
  CanalAssumptions assumptions = challenge_assumptions();
  assumptions.reader_kappa = 0.999;
  // SD = .8 mm * sqrt(pi/2) = 1.00265 mm; the logistic scale is SD * sqrt(3)/pi = .55279 mm.
  EXPECT_NEAR(calibrate_canal(evenly_spread_sample(), assumptions).model.width, 0.55279, 0.02);
}

TEST(CanalCalibration, RefusesASampleTooSmallToCalibrateOn) {
  CanalSample sample = evenly_spread_sample();
  sample[index_of(Level::L5S1)].resize(9);
  EXPECT_THROW(calibrate_canal(sample, challenge_assumptions()), Error);
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
