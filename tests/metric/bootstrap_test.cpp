#include "metric/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "metric/metric_data.h"

namespace lumbargrade {
namespace {

constexpr int kResamples = 400;

TEST(Bootstrap, GivesTheSameIntervalsForTheSameSeed) {
  const auto studies = small_submission("model");
  const auto first = bootstrap_intervals(studies, kResamples, 1);
  const auto again = bootstrap_intervals(studies, kResamples, 1);
  const auto other = bootstrap_intervals(studies, kResamples, 2);
  EXPECT_EQ(first.score.low, again.score.low);
  EXPECT_NE(first.score.low, other.score.low);
}

TEST(Bootstrap, EnclosesTheScore) {
  const auto studies = small_submission("model");
  const auto interval = bootstrap_intervals(studies, kResamples, 1).score;
  const double score = score_of(studies).score;
  EXPECT_LT(interval.low, score);
  EXPECT_GT(interval.high, score);
}

// With n studies whose losses vary by sd, the mean's 95 % interval is about 2 * 1.96 sd / sqrt(n) wide.
TEST(Bootstrap, IsAsWideAsTheNormalApproximation) {
  std::vector<ScoredStudy> studies;
  for (int i = 0; i < 400; ++i) {
    const double p = i % 2 == 0 ? 0.9 : 0.5;
    ScoredStudy study;
    for (auto& item : study.cases) item = ScoredCase{{Severity::NormalMild, 1}, {p, 0, 1 - p}, {p, 0, 1 - p}};
    studies.push_back(study);
  }
  const double sd = (std::log(0.9) - std::log(0.5)) / 2;
  const auto interval = bootstrap_intervals(studies, 2000, 3).foraminal;
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 * sd / 20, 0.005);
}

TEST(Comparison, FindsTheBetterSubmission) {
  const auto model = small_submission("model");
  const auto prior = small_submission("prior");
  const auto comparison = compare_scores(prior, model, kResamples, 1);
  EXPECT_NEAR(comparison.difference, 0.3759320493 - 0.9210556212, 1e-6);
  EXPECT_LT(comparison.interval.high, 0);
  EXPECT_EQ(comparison.second_better, 1);
}

TEST(Comparison, OfASubmissionWithItselfIsNothing) {
  const auto model = small_submission("model");
  const auto comparison = compare_scores(model, model, kResamples, 1);
  EXPECT_EQ(comparison.difference, 0);
  EXPECT_EQ(comparison.interval.low, 0);
  EXPECT_EQ(comparison.interval.high, 0);
  EXPECT_EQ(comparison.second_better, 0);
}

}  // namespace
}  // namespace lumbargrade
