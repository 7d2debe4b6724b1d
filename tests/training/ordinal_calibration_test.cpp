#include "training/calibration/ordinal_calibration.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/error.h"
#include "training/calibration/ordinal_fit.h"

namespace lumbargrade {
namespace {

OrdinalSample depths() {
  OrdinalSample sample;
  for (auto& level : sample) {
    for (int k = 0; k < 60; ++k) level.push_back(0.2 * k);  // 0 to 11.8 mm
  }
  return sample;
}

OrdinalAssumptions assumptions() {
  OrdinalAssumptions result;
  result.measuring_error = 1;
  result.reader_kappa = 0.32;
  result.prevalence.fill({0.7, 0.2, 0.1});
  return result;
}

TEST(OrdinalCalibration, TheMeanProbabilitiesOfTheSampleAreThePrevalence) {
  const MeasureModel model = calibrate_ordinal(depths(), assumptions(), "depths");
  Probabilities mean{};
  const OrdinalSample sample = depths();
  for (const double depth_mm : sample[2]) {
    const Probabilities p = measured_probabilities(model, Level::L3L4, {depth_mm, std::nullopt});
    EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
    for (size_t k = 0; k < mean.size(); ++k) mean[k] += p[k] / 60;
  }
  EXPECT_NEAR(mean[0], 0.7, 1e-6);
  EXPECT_NEAR(mean[1], 0.2, 1e-6);
  EXPECT_NEAR(mean[2], 0.1, 1e-6);
}

TEST(OrdinalCalibration, AShallowerRecessIsMoreProbablySevere) {
  const MeasureModel model = calibrate_ordinal(depths(), assumptions(), "depths");
  double last = 1;
  for (const double depth_mm : {0.0, 2.0, 4.0, 8.0, 12.0}) {
    const double severe = measured_probabilities(model, Level::L4L5, {depth_mm, std::nullopt})[2];
    EXPECT_LT(severe, last);
    last = severe;
  }
}

TEST(OrdinalCalibration, ReadersWhoAgreeLessMakeItLessSure) {
  OrdinalAssumptions sure = assumptions(), unsure = assumptions();
  sure.reader_kappa = 0.7;
  unsure.reader_kappa = 0.3;
  EXPECT_LT(calibrate_ordinal(depths(), sure, "depths").width, calibrate_ordinal(depths(), unsure, "depths").width);
}

TEST(OrdinalCalibration, TooFewDepthsAreRefused) {
  OrdinalSample few = depths();
  few[4].resize(9);
  EXPECT_THROW(calibrate_ordinal(few, assumptions(), "depths"), Error);
}

TEST(OrdinalFit, TwoReadersWhoAreSureAgreeFullyAndTwoWhoGuessAgreeByChance) {
  EXPECT_NEAR(agreement_of_two_readers({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), 1, 1e-12);
  EXPECT_NEAR(agreement_of_two_readers({{0.5, 0.3, 0.2}, {0.5, 0.3, 0.2}}), 0, 1e-12);
}

}  // namespace
}  // namespace lumbargrade
