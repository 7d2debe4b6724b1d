#include "metric/agreement.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/statistics.h"
#include "metric/metric_data.h"

namespace lumbargrade {
namespace {

// Expected values: scikit-learn, make_reference.py.
TEST(Agreement, EqualsScikitLearns) {
  const auto studies = small_submission("model");
  const Agreement foraminal = agreement(studies, Condition::NeuralForaminalNarrowing);
  EXPECT_EQ(foraminal.counts, (std::array{96, 19, 5}));
  EXPECT_NEAR(*foraminal.auc_severe, 0.9843478260869566, 1e-12);
  EXPECT_NEAR(*foraminal.auc_moderate_or_worse, 0.9644097222222222, 1e-12);
  EXPECT_NEAR(*foraminal.quadratic_kappa, 0.5872348557232945, 1e-12);
  const Agreement canal = agreement(studies, Condition::SpinalCanalStenosis);
  EXPECT_NEAR(*canal.auc_severe, 1, 1e-12);
  EXPECT_NEAR(*canal.quadratic_kappa, 0.6538461538461537, 1e-12);
  const Agreement recess = agreement(studies, Condition::SubarticularStenosis);
  EXPECT_NEAR(*recess.auc_moderate_or_worse, 0.9701086956521741, 1e-12);
  EXPECT_NEAR(*recess.quadratic_kappa, 0.6675008938148016, 1e-12);
}

TEST(Agreement, CountsTiesHalf) {
  EXPECT_DOUBLE_EQ(*area_under_roc({0.5}, {0.5}), 0.5);
  EXPECT_DOUBLE_EQ(*area_under_roc({0.5, 0.7}, {0.5, 0.1}), 3.5 / 4);
  EXPECT_FALSE(area_under_roc({}, {0.5}));
}

TEST(Agreement, HasNoKappaWithoutVariety) {
  EXPECT_FALSE(quadratic_kappa({{{5, 0, 0}, {0, 0, 0}, {0, 0, 0}}}));
  EXPECT_FALSE(quadratic_kappa({}));
  EXPECT_DOUBLE_EQ(*quadratic_kappa({{{5, 0, 0}, {0, 3, 0}, {0, 0, 2}}}), 1);
}

TEST(Calibration, PutsEveryCaseIntoOneBin) {
  const auto studies = small_submission("model");
  const auto bins = calibration(studies, Condition::SubarticularStenosis, Event::Severe);
  int count = 0;
  double severe = 0;
  for (const auto& bin : bins) {
    count += bin.count;
    severe += bin.observed * bin.count;
    if (bin.count == 0) continue;
    EXPECT_GE(bin.mean_predicted, bin.low);
    EXPECT_LE(bin.mean_predicted, bin.high);
    EXPECT_GE(bin.observed_weighted, bin.observed);  // severe cases weigh most
  }
  EXPECT_EQ(count, 120);
  EXPECT_NEAR(severe, 6, 1e-9);
}

TEST(Calibration, HasNoErrorWhereSharesEqualPredictions) {
  // Four studies predicted .25 severe in the left L1/L2 foramen, one of them severe.
  std::vector<ScoredStudy> studies(4);
  for (std::size_t i = 0; i < studies.size(); ++i) {
    const Severity severity = i == 0 ? Severity::Severe : Severity::NormalMild;
    studies[i].cases[0] = ScoredCase{{severity, challenge_weight(severity)}, {0.75, 0, 0.25}, {0.75, 0, 0.25}};
  }
  const auto bins = calibration(studies, Condition::NeuralForaminalNarrowing, Event::Severe);
  EXPECT_DOUBLE_EQ(calibration_error(bins), 0);
  EXPECT_DOUBLE_EQ(bins[2].observed, 0.25);
  EXPECT_DOUBLE_EQ(bins[2].observed_weighted, 4.0 / 7);
}

}  // namespace
}  // namespace lumbargrade
