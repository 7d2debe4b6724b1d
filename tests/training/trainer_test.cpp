#include "training/loop/trainer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.h"
#include "network/state.h"
#include "temporary_folder.h"
#include "training/loop/training_checkpoint.h"

namespace lumbargrade {
namespace {

constexpr int kStepsPerEpoch = 4;

/// Three logits from two numbers, with dropout, so that the generator matters.
class TwoNumbers : public torch::nn::Module {
 public:
  TwoNumbers() : linear_(register_module("linear", torch::nn::Linear(2, 3))) {}
  torch::Tensor forward(const torch::Tensor& x) { return linear_->forward(torch::dropout(x, 0.2, is_training())); }

 private:
  torch::nn::Linear linear_;
};

Network two_numbers() {
  const auto module = std::make_shared<TwoNumbers>();
  return {module,
          [module](const TensorMap& inputs) {
            return TensorMap{{"grade", module->forward(inputs.at("x"))}};
          },
          [] {}};
}

/// The class is 0, 1 or 2 as the angle of the two numbers says.
TrainingBatch drawn_batch(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  TrainingBatch batch;
  const torch::Tensor x = torch::empty({32, 2});
  batch.targets = {torch::zeros({32, 3}), torch::ones({32}), {}};
  for (std::int64_t row = 0; row < 32; ++row) {
    const float a = normal(random), b = normal(random);
    x[row][0] = a;
    x[row][1] = b;
    batch.targets.shares[row][a > b ? 0 : a > -b ? 1 : 2] = 1;
  }
  batch.inputs = {{"x", x}};
  batch.studies = {"s1", "s2", "s1"};
  return batch;
}

double loss_of(const Network& network, const TrainingBatch& batch) {
  const torch::NoGradGuard no_gradients;
  return official_loss()(network.forward(batch.inputs).at("grade"), batch.targets).item<double>();
}

TrainingTask task_of_angles() {
  TrainingTask task;
  task.build = two_numbers;
  task.steps_per_epoch = kStepsPerEpoch;
  task.batch = [](int step) { return drawn_batch(static_cast<std::uint64_t>(step)); };
  task.held_out_loss = [](const Network& network) { return loss_of(network, drawn_batch(999)); };
  return task;
}

OptimisationRecipe quick_recipe() {
  OptimisationRecipe recipe;
  recipe.epochs = 12;
  recipe.rate = 0.1;
  recipe.average = 0.8;
  recipe.accumulate = 2;
  return recipe;
}

class Learning : public testing::Test {
 protected:
  TrainingRun run_in(const std::string& name) {
    TrainingRun run;
    run.title = "angles";
    run.folder = folder_ / name;
    run.checkpoint_every = 3;
    return run;
  }

  static bool same(const TensorMap& a, const TensorMap& b) {
    return a.size() == b.size() &&
           std::all_of(a.begin(), a.end(), [&](const auto& item) { return item.second.equal(b.at(item.first)); });
  }

  std::string failure(const TrainingTask& task, const TrainingRun& run) {
    try {
      train_network(task, quick_recipe(), run);
    } catch (const Error& error) {
      return error.what();
    }
    return "it ended well";
  }

  TemporaryFolder folder_;
};

TEST_F(Learning, FindsWhatTheDataTell) {
  const TrainingResult learned = train_network(task_of_angles(), quick_recipe(), run_in("run"));
  torch::manual_seed(1);
  EXPECT_LT(learned.held_out_loss, 0.6 * loss_of(two_numbers(), drawn_batch(999)));
  EXPECT_GT(learned.best_epoch, 0);
}

TEST_F(Learning, InterruptedAtAnyStepItEndsWithTheSameWeights) {
  const TrainingResult whole = train_network(task_of_angles(), quick_recipe(), run_in("whole"));
  for (const int last : {2, 7, 16, 21}) {
    TrainingTask interrupted = task_of_angles();
    interrupted.batch = [last](int step) {
      if (step >= last) throw std::runtime_error("killed");
      return drawn_batch(static_cast<std::uint64_t>(step));
    };
    TrainingRun run = run_in("killed" + std::to_string(last));
    EXPECT_THROW(train_network(interrupted, quick_recipe(), run), std::runtime_error);
    run.resume = true;
    const TrainingResult resumed = train_network(task_of_angles(), quick_recipe(), run);
    EXPECT_TRUE(same(resumed.state, whole.state)) << "killed at step " << last;
    EXPECT_EQ(resumed.held_out_loss, whole.held_out_loss);
    EXPECT_EQ(resumed.best_epoch, whole.best_epoch);
  }
}

TEST_F(Learning, ACheckpointOfAnotherRunIsRefused) {
  TrainingRun run = run_in("run");
  train_network(task_of_angles(), quick_recipe(), run);
  run.resume = true;
  run.seed = 2;
  EXPECT_THAT(failure(task_of_angles(), run), testing::HasSubstr("another seed"));
}

TEST_F(Learning, ALossThatIsNotFiniteStopsItWithStepStudiesAndTheLastCheckpoint) {
  TrainingTask task = task_of_angles();
  task.batch = [](int step) {
    TrainingBatch batch = drawn_batch(static_cast<std::uint64_t>(step));
    if (step == 9) batch.inputs.at("x")[0][0] = std::nanf("");
    return batch;
  };
  const std::string message = failure(task, run_in("nan"));
  EXPECT_THAT(message, testing::HasSubstr("loss is not finite at step 9 of angles, with studies s1, s2;"));
  EXPECT_THAT(message, testing::HasSubstr("of step 6, is " + (folder_ / "nan/checkpoint.safetensors").string()));
  task.batch = [](int) {
    TrainingBatch batch = drawn_batch(0);
    batch.inputs.at("x").fill_(std::nanf(""));
    return batch;
  };
  EXPECT_THAT(failure(task, run_in("at_once")), testing::HasSubstr("there is no checkpoint yet"));
}

TEST_F(Learning, WeightsToBeginWithStayWhereNothingIsBetter) {
  const TrainingResult good = train_network(task_of_angles(), quick_recipe(), run_in("good"));
  TrainingTask task = task_of_angles();
  task.start = good.state;
  task.start_counts = true;
  task.batch = [](int step) {  // labels turned round
    TrainingBatch batch = drawn_batch(static_cast<std::uint64_t>(step));
    batch.targets.shares = batch.targets.shares.flip({1});
    return batch;
  };
  const TrainingResult learned = train_network(task, quick_recipe(), run_in("misled"));
  EXPECT_EQ(learned.best_epoch, 0);
  EXPECT_TRUE(same(learned.state, good.state));
}

TEST_F(Learning, StopsWhenNoEpochIsBetterForItsPatience) {
  TrainingTask task = task_of_angles();
  int measured = 0;
  task.held_out_loss = [&](const Network&) { return ++measured <= 2 ? 1.0 / measured : 9.0; };
  OptimisationRecipe recipe = quick_recipe();
  recipe.patience = 3;
  EXPECT_EQ(train_network(task, recipe, run_in("run")).best_epoch, 2);
  EXPECT_EQ(measured, 5);
}

/// By hand: weights 1, 2, 4; p of the truth .5, .25, .125.
TEST(GraderLoss, IsTheChallengesWeightedLogLoss) {
  const auto log_of = [](std::vector<double> p) { return torch::tensor(p).log().reshape({-1, 3}); };
  const torch::Tensor logits = log_of({0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.375, 0.125});
  // The loss adds the logarithms of the weights; here they are taken off beforehand.
  const torch::Tensor frequencies = logits - torch::tensor({1.0, 2.0, 4.0}).log();
  TargetRows rows{torch::eye(3), torch::ones({3}), {}};
  const double expected = -(1 * std::log(0.5) + 2 * std::log(0.25) + 4 * std::log(0.125)) / 7;
  EXPECT_NEAR(GraderLoss({1, 2, 4}, 0)(frequencies, rows).item<double>(), expected, 1e-6);
  // Two canals of study 5, one of study 6: largest severe .25 (truth: none) and .125 (truth: severe, weight 4).
  rows.canal_studies = {5, 5, 6};
  const double any = -(2 * std::log(1 - 0.25) + 4 * std::log(0.125)) / 6;
  EXPECT_NEAR(GraderLoss({1, 2, 4}, 0.5)(frequencies, rows).item<double>(), expected + 0.5 * any, 1e-6);
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
