#include "training/calibration/grader_calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.h"
#include "training/grader/fold_training.h"

namespace lumbargrade {
namespace {

/// Findings whose true grade is drawn from softmax(logits): the given logits are `overconfidence` times as large.
std::vector<HeldOutFinding> drawn_findings(double overconfidence, int count) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(0, 1.5);
  std::vector<HeldOutFinding> findings;
  for (int k = 0; k < count; ++k) {
    const Logits logits = {normal(random), normal(random), normal(random)};
    std::discrete_distribution<int> grade({std::exp(logits[0]), std::exp(logits[1]), std::exp(logits[2])});
    const auto severity = static_cast<Severity>(grade(random));
    findings.push_back({Logits{overconfidence * logits[0], overconfidence * logits[1], overconfidence * logits[2]},
                        severity, kLevels[static_cast<size_t>(k % kLevelCount)], std::nullopt});
  }
  return findings;
}

/// Mean log loss of softmax(logits) as they come.
double plain_loss(const std::vector<HeldOutFinding>& findings) {
  double loss = 0;
  for (const HeldOutFinding& finding : findings) loss -= std::log(softmax(*finding.logits)[index_of(finding.severity)]);
  return loss / static_cast<double>(findings.size());
}

TEST(GraderCalibration, FindsTheTemperatureOfAnOverconfidentNetwork) {
  const auto findings = drawn_findings(3, 20000);
  const ConditionFit fit = fit_condition(findings, level_prior(findings));
  EXPECT_NEAR(fit.temperature, 3, 0.15);
  EXPECT_GT(fit.model_weight, 0.97);
  EXPECT_LT(fit.loss, plain_loss(findings));
  EXPECT_LT(fit.loss, fit.prior_loss);
}

TEST(GraderCalibration, ANetworkThatKnowsNothingGetsNoWeight) {
  auto findings = drawn_findings(1, 20000);
  std::mt19937_64 random(4);
  std::discrete_distribution<int> grade({0.8, 0.15, 0.05});
  for (auto& finding : findings) finding.severity = static_cast<Severity>(grade(random));
  const ConditionFit fit = fit_condition(findings, level_prior(findings));
  EXPECT_LT(fit.model_weight, 0.1);
  EXPECT_LE(fit.loss, fit.prior_loss + 1e-9);
}

/// Logits that put the probability of `severity` at `sure`.
Logits logits_for(size_t severity, double sure) {
  Logits logits;
  logits.fill(std::log((1 - sure) / 2));
  logits[severity] = std::log(sure);
  return logits;
}

/// Truth that two independent witnesses tell: the network's with `network_errs` errors, the measure's with 20 %.
std::vector<HeldOutFinding> witnessed_findings(double network_errs, int count) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::uniform_int_distribution<size_t> grade(0, 2);
  std::vector<HeldOutFinding> findings;
  for (int k = 0; k < count; ++k) {
    const size_t truth = grade(random);
    const size_t by_network = uniform(random) < network_errs ? (truth + 1) % 3 : truth;
    const size_t by_measure = uniform(random) < 0.2 ? (truth + 2) % 3 : truth;
    MeasuredGrade measured{softmax(logits_for(by_measure, 0.8)), 1};
    findings.push_back({logits_for(by_network, 0.8), static_cast<Severity>(truth), Level::L4L5, measured});
  }
  return findings;
}

TEST(GraderCalibration, NetworkAndMeasureThatErrIndependentlyShareTheAnswerEvenlyAndBeatBoth) {
  const auto findings = witnessed_findings(0.2, 20000);
  const ConditionFit fit = fit_condition(findings, level_prior(findings));
  EXPECT_NEAR(fit.measure_weight, 0.5, 0.05);
  EXPECT_LT(fit.loss, fit.measure_loss - 0.05);
  EXPECT_LT(fit.loss, plain_loss(findings) - 0.05);
}

TEST(GraderCalibration, AWorseNetworkLeavesMoreToTheMeasure) {
  const auto findings = witnessed_findings(0.5, 20000);
  const ConditionFit fit = fit_condition(findings, level_prior(findings));
  EXPECT_GT(fit.measure_weight, 0.6);
  EXPECT_LE(fit.loss, fit.measure_loss);
}

TEST(GraderCalibration, FindingsWithoutAMeasureDecideNothingAboutItsShare) {
  auto findings = witnessed_findings(0.2, 4000);
  const double share = fit_condition(findings, level_prior(findings)).measure_weight;
  const auto measured = findings;
  for (HeldOutFinding finding : measured) {
    finding.measured.reset();
    findings.push_back(finding);
  }
  EXPECT_NEAR(fit_condition(findings, level_prior(findings)).measure_weight, share, 1e-3);
}

TEST(GraderCalibration, WhereNothingIsMeasuredTheMeasureHasNoShare) {
  auto findings = witnessed_findings(0.2, 4000);
  for (HeldOutFinding& finding : findings) finding.measured.reset();
  const LevelPrior prior = level_prior(findings);
  EXPECT_EQ(fit_condition(findings, prior, {1, 0.7}).measure_weight, 0);
}

TEST(GraderCalibration, BoundsHoldForDataThatStandInForRealOnes) {
  const auto findings = witnessed_findings(0.01, 4000);
  const ConditionFit fit = fit_condition(findings, level_prior(findings), {0.2, 0.7});
  EXPECT_EQ(fit.model_weight, 0.2);
  EXPECT_GE(fit.measure_weight, 0.7);
}

TEST(GraderCalibration, ThePriorCountsHalfACaseMoreOfEveryClass) {
  std::vector<HeldOutFinding> findings;
  for (int k = 0; k < 1000; ++k)
    findings.push_back({{}, k < 600 ? Severity::NormalMild : Severity::Severe, Level::L4L5, std::nullopt});
  const LevelPrior prior = level_prior(findings);
  const Probabilities& level = prior[static_cast<size_t>(index_of(Level::L4L5))];
  EXPECT_NEAR(level[0], 600.5 / 1001.5, 1e-12);
  EXPECT_NEAR(level[1], 0.5 / 1001.5, 1e-12);
  EXPECT_NEAR(level[2], 400.5 / 1001.5, 1e-12);
}

/// The tenth of findings that no network saw count by the prior, in the loss too; temperature and weight are the
/// others'.
TEST(GraderCalibration, LostFindingsCountByThePriorAndDecideNothing) {
  auto findings = drawn_findings(3, 20000);
  const LevelPrior prior = level_prior(findings);
  const ConditionFit before = fit_condition(findings, prior);
  double lost_loss = 0;
  const size_t seen = findings.size(), lost = seen / 10;
  for (size_t k = 0; k < lost; ++k) {
    findings.push_back(findings[k]);
    findings.back().logits.reset();
    const Probabilities p = condition_probabilities(findings.back(), prior, before);
    EXPECT_EQ(p, prior[index_of(findings[k].level)]);
    lost_loss -= std::log(p[index_of(findings[k].severity)]);
  }
  const ConditionFit after = fit_condition(findings, prior);
  EXPECT_NEAR(after.temperature, before.temperature, 1e-4);
  EXPECT_NEAR(after.model_weight, before.model_weight, 1e-4);
  const double expected = (before.loss * static_cast<double>(seen) + lost_loss) / static_cast<double>(seen + lost);
  EXPECT_NEAR(after.loss, expected, 1e-6);
}

TEST(GraderCalibration, ALevelThatIsUncertainLeavesThatMuchToThePrior) {
  HeldOutFinding finding{Logits{3, 0, 0}, Severity::NormalMild, Level::L4L5, std::nullopt, 0.25};
  LevelPrior prior;
  prior.fill({0.2, 0.3, 0.5});
  const Probabilities network = softmax(*finding.logits);
  const Probabilities p = condition_probabilities(finding, prior, {});
  for (size_t c = 0; c < p.size(); ++c) EXPECT_NEAR(p[c], 0.25 * network[c] + 0.75 * prior[0][c], 1e-12);
}

TEST(GraderCalibration, WithoutFindingsThereIsNothingToFit) {
  EXPECT_THROW(fit_condition({}, {}), Error);
}

TEST(Folds, EveryStudyIsHeldOutOnceAndFoldsAreOfEvenSize) {
  const std::vector<int> folds = folds_of_studies(103, 5, 7);
  std::array<int, 5> sizes{};
  for (const int fold : folds) ++sizes[static_cast<size_t>(fold)];
  for (const int size : sizes) EXPECT_TRUE(size == 20 || size == 21);
  EXPECT_EQ(folds, folds_of_studies(103, 5, 7));
  EXPECT_NE(folds, folds_of_studies(103, 5, 8));
}

}  // namespace
}  // namespace lumbargrade
