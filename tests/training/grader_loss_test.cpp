#include "training/grader/grader_loss.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lumbargrade {
namespace {

/// By hand: weights 1, 2, 4; p of the truth .5, .25, .125.
TEST(GraderLoss, IsTheChallengesWeightedLogLoss) {
  const auto log_of = [](const std::vector<double>& p) { return torch::tensor(p).log().reshape({-1, 3}); };
  const torch::Tensor logits = log_of({0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.375, 0.125});
  // The loss adds the logarithms of the weights; here they are taken off beforehand.
  const torch::Tensor frequencies = logits - torch::tensor({1.0, 2.0, 4.0}).log();
  TargetRows rows{torch::eye(3), torch::ones({3}), {}};
  const double expected = -(1 * std::log(0.5) + 2 * std::log(0.25) + 4 * std::log(0.125)) / 7;
  EXPECT_NEAR(GraderLoss({1, 2, 4}, 0)(frequencies, rows).item<double>(), expected, 1e-6);
  // Two canals of study 5, one of study 6: largest severe .25 (truth: none) and .125 (truth: severe, weight 4).
  rows.canal_studies = torch::tensor({5, 5, 6}, torch::kLong);
  const double any = -(2 * std::log(1 - 0.25) + 4 * std::log(0.125)) / 6;
  EXPECT_NEAR(GraderLoss({1, 2, 4}, 0.5)(frequencies, rows).item<double>(), expected + 0.5 * any, 1e-6);
}

/// The loss is least where the network answers the label's own shares: its gradient is 0 there.
TEST(GraderLoss, ASoftLabelIsLearnedAsItStands) {
  const torch::Tensor shares = torch::tensor({{0.7F, 0.2F, 0.1F}, {0.25F, 0.5F, 0.25F}});
  torch::Tensor logits = shares.log().clone().set_requires_grad(true);
  GraderLoss({1, 2, 4}, 0)(logits, {shares, torch::tensor({1.0F, 0.5F}), {}}).backward();
  EXPECT_LT(logits.grad().abs().max().item<float>(), 1e-6);
}

TEST(GraderLoss, IsTheSumOverTheOutputsThatHaveALabel) {
  const GraderLoss loss({1, 2, 4}, 1);
  torch::Tensor canal = torch::randn({3, 3}).set_requires_grad(true);
  torch::Tensor foraminal = torch::randn({3, 3}).set_requires_grad(true);
  TargetRows canals{torch::eye(3), torch::ones({3}), torch::tensor({5, 5, 6}, torch::kLong)};
  TargetRows foramina{torch::eye(3), torch::tensor({1.0F, 0.5F, 1.0F}), {}};
  TrainingBatch batch;
  canals.add_to(batch.targets, "canal");
  foramina.add_to(batch.targets, "foraminal");
  const TensorMap outputs = {{"canal", canal}, {"foraminal", foraminal}};
  EXPECT_NEAR(loss(outputs, batch).item<double>(), (loss(canal, canals) + loss(foraminal, foramina)).item<double>(),
              1e-6);
  // A batch without a label of one of them.
  foramina.shares = torch::zeros({3, 3});
  batch.targets.clear();
  canals.add_to(batch.targets, "canal");
  foramina.add_to(batch.targets, "foraminal");
  const torch::Tensor sum = loss(outputs, batch);
  EXPECT_NEAR(sum.item<double>(), loss(canal, canals).item<double>(), 1e-6);
  sum.backward();
  EXPECT_EQ(foraminal.grad().abs().max().item<float>(), 0);
  EXPECT_TRUE(canal.grad().isfinite().all().item<bool>());
}

/// Few and light labels are a mean as well: of the whole and of what slices say alone.
TEST(GraderLoss, IsTheSameHoweverSmallTheWeights) {
  torch::manual_seed(3);
  const TensorMap outputs = {{"canal", torch::randn({3, 3})},
                             {"canal.slices", torch::randn({3, 2, 3})},
                             {"slices.valid", torch::full({3, 2}, 0.5F)}};
  const auto loss_at = [&](double weight) {
    TrainingBatch batch;
    TargetRows{torch::eye(3), torch::full({3}, weight, torch::kFloat32), {}}.add_to(batch.targets, "canal");
    return GraderLoss({1, 2, 4}, 0)(outputs, batch).item<double>();
  };
  EXPECT_NEAR(loss_at(1e-8), loss_at(1), 1e-5);
}

/// Logits that are five times too sure come to the same; and who is sure of a level that the locator doubts loses no
/// more than the prior's share of the answer.
TEST(LossInBundle, IsTakenAtTheBestTemperatureAndAsSureAsTheLevel) {
  torch::manual_seed(2);
  const torch::Tensor truth = torch::randint(3, {400}, torch::kLong);
  const torch::Tensor shares = torch::one_hot(truth, 3).to(torch::kFloat);
  const torch::Tensor logits = shares + torch::randn({400, 3});
  const TargetRows rows{shares, torch::ones({400}), torch::full({400}, -1, torch::kLong)};
  const torch::Tensor prior = torch::full({400, 3}, 1.0F / 3);
  const double sure = loss_in_bundle({logits, torch::ones({400}), prior}, rows);
  EXPECT_NEAR(loss_in_bundle({5 * logits, torch::ones({400}), prior}, rows), sure, 1e-3);
  EXPECT_LT(sure, GraderLoss({1, 2, 4}, 1)(5 * logits, rows).item<double>() - 0.3);

  const torch::Tensor wrong = 20 * torch::eye(3).index({(truth + 1) % 3});
  const torch::Tensor right = 20 * shares;
  torch::Tensor mostly = right.clone(), doubt = torch::ones({400});
  mostly.narrow(0, 0, 4).copy_(wrong.narrow(0, 0, 4));
  doubt.narrow(0, 0, 4).fill_(0.6);
  const double of_four = loss_in_bundle({mostly, doubt, prior}, rows);
  const torch::Tensor weight = torch::tensor({1.0F, 2.0F, 4.0F}).index({truth});
  // Probability of the truth after the weights: at least .4 / 3 of the whole, at most four times outweighed.
  EXPECT_LT(of_four, (weight.narrow(0, 0, 4).sum() / weight.sum()).item<double>() * -std::log(0.4 / 3 / 4) + 0.02);
  EXPECT_GT(loss_in_bundle({mostly, torch::ones({400}), prior}, rows), of_four);
}

TEST(GraderLoss, RowsWithoutALabelOrWeightCountNothing) {
  const torch::Tensor logits = torch::randn({3, 3});
  TargetRows rows{torch::eye(3), torch::ones({3}), {}};
  rows.shares[1].fill_(0);
  rows.weights[2] = 0;
  const TargetRows first{torch::eye(3).narrow(0, 0, 1), torch::ones({1}), {}};
  const GraderLoss loss({1, 2, 4}, 0);
  EXPECT_NEAR(loss(logits, rows).item<double>(), loss(logits.narrow(0, 0, 1), first).item<double>(), 1e-6);
}

}  // namespace
}  // namespace lumbargrade
