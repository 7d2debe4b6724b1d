#include "training/loop/trainer.h"

#include <gmock/gmock.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.h"
#include "network/conv_norm.h"
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
  return {module, [module](const TensorMap& inputs) { return TensorMap{{"class", module->forward(inputs.at("x"))}}; }};
}

/// The class is 0, 1 or 2 as the angle of the two numbers says.
TrainingBatch drawn_batch(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  TrainingBatch batch;
  const torch::Tensor x = torch::empty({32, 2});
  torch::Tensor shares = torch::zeros({32, 3});
  for (std::int64_t row = 0; row < 32; ++row) {
    const float a = normal(random), b = normal(random);
    x[row][0] = a;
    x[row][1] = b;
    shares[row][a > b ? 0 : a > -b ? 1 : 2] = 1;
  }
  batch.targets = {{"shares", shares}};
  batch.inputs = {{"x", x}};
  batch.studies = {"s1", "s2", "s1"};
  return batch;
}

torch::Tensor cross_entropy(const TensorMap& outputs, const TrainingBatch& batch) {
  return -(torch::log_softmax(outputs.at("class"), 1) * batch.targets.at("shares")).sum(1).mean();
}

double loss_of(const Network& network, const TrainingBatch& batch) {
  const torch::NoGradGuard no_gradients;
  return cross_entropy(network.forward(batch.inputs), batch).item<double>();
}

TrainingTask task_of_angles() {
  TrainingTask task;
  task.build = two_numbers;
  task.steps_per_epoch = kStepsPerEpoch;
  task.batch = [](int step) { return drawn_batch(static_cast<std::uint64_t>(step)); };
  task.loss = cross_entropy;
  task.held_out_loss = [](const Network& network) { return loss_of(network, drawn_batch(999)); };
  task.optimisation.epochs = 12;
  task.optimisation.rate = 0.1;
  task.optimisation.average = 0.8;
  task.optimisation.accumulate = 2;
  return task;
}

class NetworkTraining : public testing::Test {
 protected:
  TrainingRun run_in(const std::string& name) {
    TrainingRun run;
    run.title = "angles";
    run.folder = folder_ / name;
    run.options.checkpoint_every = 3;
    return run;
  }

  static bool same(const TensorMap& a, const TensorMap& b) {
    return a.size() == b.size() &&
           std::all_of(a.begin(), a.end(), [&](const auto& item) { return item.second.equal(b.at(item.first)); });
  }

  std::string failure(const TrainingTask& task, const TrainingRun& run) {
    try {
      train_network(task, run);
    } catch (const Error& error) {
      return error.what();
    }
    return "it ended well";
  }

  TemporaryFolder folder_;
};

TEST_F(NetworkTraining, FindsWhatTheDataTell) {
  const TrainingResult learned = train_network(task_of_angles(), run_in("run"));
  torch::manual_seed(1);
  EXPECT_LT(learned.held_out_loss, 0.6 * loss_of(two_numbers(), drawn_batch(999)));
  EXPECT_GT(learned.best_epoch, 0);
}

TEST_F(NetworkTraining, InterruptedAtAnyStepItEndsWithTheSameWeights) {
  const TrainingResult whole = train_network(task_of_angles(), run_in("whole"));
  for (const int last : {2, 7, 16, 21}) {
    TrainingTask interrupted = task_of_angles();
    interrupted.batch = [last](int step) {
      if (step >= last) throw std::runtime_error("killed");
      return drawn_batch(static_cast<std::uint64_t>(step));
    };
    TrainingRun run = run_in("killed" + std::to_string(last));
    EXPECT_THROW(train_network(interrupted, run), std::runtime_error);
    run.options.resume = true;
    const TrainingResult resumed = train_network(task_of_angles(), run);
    EXPECT_TRUE(same(resumed.state, whole.state)) << "killed at step " << last;
    EXPECT_EQ(resumed.held_out_loss, whole.held_out_loss);
    EXPECT_EQ(resumed.best_epoch, whole.best_epoch);
  }
}

TEST_F(NetworkTraining, ACheckpointOfAnotherRunIsRefused) {
  TrainingRun run = run_in("run");
  train_network(task_of_angles(), run);
  run.options.resume = true;
  run.options.seed = 2;
  EXPECT_THAT(failure(task_of_angles(), run), testing::HasSubstr("another seed"));
  run.options.seed = 1;
  TrainingTask task = task_of_angles();
  task.optimisation.rate = 0.05;
  EXPECT_THAT(failure(task, run), testing::HasSubstr("another rate"));
  task = task_of_angles();
  task.identity["data"] = "others";
  EXPECT_THAT(failure(task, run), testing::HasSubstr("another data"));
  task = task_of_angles();
  task.start = collect_state(*two_numbers().module);
  EXPECT_THAT(failure(task, run), testing::HasSubstr("another start"));
}

TEST_F(NetworkTraining, AGradientThatIsNotFiniteStopsIt) {
  TrainingTask task = task_of_angles();
  task.loss = [](const TensorMap& outputs, const TrainingBatch&) {
    const torch::Tensor zero = outputs.at("class").sum() * 0;  // its square root has no finite slope
    return torch::sqrt(zero);
  };
  EXPECT_THAT(failure(task, run_in("run")), testing::HasSubstr("the gradient is not finite at step"));
}

TEST_F(NetworkTraining, WithoutAHeldOutMeasureTheLastAverageIsTheResult) {
  TrainingTask task = task_of_angles();
  task.held_out_loss = nullptr;
  const TrainingResult learned = train_network(task, run_in("run"));
  const TensorMap stored = read_safetensors(folder_ / "run/checkpoint.safetensors");
  EXPECT_TRUE(learned.state.at("linear.weight").equal(stored.at("average.linear.weight")));
  EXPECT_FALSE(learned.state.at("linear.weight").equal(stored.at("network.linear.weight")));
}

TEST_F(NetworkTraining, ALogThatCannotBeWrittenStopsIt) {
  std::filesystem::create_directories(folder_ / "full");
  std::filesystem::create_symlink("/dev/full", folder_ / "full/log.csv");
  EXPECT_THAT(failure(task_of_angles(), run_in("full")), testing::HasSubstr("log.csv (disk full?)"));
}

TEST_F(NetworkTraining, ALossThatIsNotFiniteStopsItWithStepStudiesAndTheLastCheckpoint) {
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

TEST_F(NetworkTraining, WeightsToBeginWithStayWhereNothingIsBetter) {
  const TrainingResult good = train_network(task_of_angles(), run_in("good"));
  TrainingTask task = task_of_angles();
  task.start = good.state;
  task.start_counts = true;
  task.batch = [](int step) {  // labels turned round
    TrainingBatch batch = drawn_batch(static_cast<std::uint64_t>(step));
    batch.targets.at("shares") = batch.targets.at("shares").flip({1});
    return batch;
  };
  const TrainingResult learned = train_network(task, run_in("misled"));
  EXPECT_EQ(learned.best_epoch, 0);
  EXPECT_TRUE(same(learned.state, good.state));
}

/// Held-out losses fall twice and then stay high.
TrainingTask task_of_two_good_epochs(int& measured) {
  TrainingTask task = task_of_angles();
  task.held_out_loss = [&measured](const Network&) { return ++measured <= 2 ? 1.0 / measured : 9.0; };
  task.optimisation.patience = 3;
  return task;
}

/// By hand: of 40 epochs without warm-up the rate falls below a tenth of its peak where 1 + cos(pi t) < .2, from
/// t = .795 on: in the 32nd epoch.
TEST_F(NetworkTraining, StopsForWantOfPatienceOnlyWhereTheRateHasSettled) {
  int measured = 0;
  TrainingTask task = task_of_two_good_epochs(measured);
  task.optimisation.epochs = 40;
  task.optimisation.warm_up = 0;
  EXPECT_EQ(train_network(task, run_in("long")).best_epoch, 2);
  EXPECT_NEAR(measured, 32 + 3, 1);
  measured = 0;
  task.optimisation.epochs = 12;
  train_network(task, run_in("short"));
  EXPECT_EQ(measured, 12) << "the schedule ends before patience does";
}

/// A module whose gradient is zero: only weight decay moves it.
TEST_F(NetworkTraining, BiasesAndNormsAreNotDecayed) {
  TrainingTask task = task_of_angles();
  task.held_out_loss = nullptr;
  task.loss = [](const TensorMap& outputs, const TrainingBatch&) { return outputs.at("class").sum() * 0; };
  task.optimisation.weight_decay = 0.5;
  TensorMap start = collect_state(*two_numbers().module);
  for (auto& [name, tensor] : start) tensor = torch::ones_like(tensor);
  task.start = start;
  const TensorMap learned = train_network(task, run_in("run")).state;
  EXPECT_LT(learned.at("linear.weight").max().item<float>(), 0.9);
  EXPECT_TRUE(learned.at("linear.bias").equal(torch::ones({3})));
}

/// Five batches an epoch, two together: the fifth makes a step of its own. All batches are alike, so that every step
/// has the same gradient, and plain means lead to the same weights as steps of one batch.
TEST_F(NetworkTraining, TheLastBatchesOfAnEpochCountAsMuchAsTheOthers) {
  const auto gradients = [&](int accumulate, const std::string& name) {
    TrainingTask task = task_of_angles();
    task.held_out_loss = nullptr;
    task.steps_per_epoch = 5;
    task.optimisation.epochs = 1;
    task.optimisation.warm_up = 0;
    task.optimisation.accumulate = accumulate;
    task.optimisation.clip_norm = 1e6;
    task.batch = [](int) { return drawn_batch(1); };
    task.loss = [](const TensorMap& outputs, const TrainingBatch&) { return outputs.at("class").sum(); };
    train_network(task, run_in(name));
    const TensorMap stored = read_safetensors(folder_ / name / "checkpoint.safetensors");
    return stored.at("optimizer.1.mean").clone();  // of the bias, whose gradient is 32 in every batch
  };
  // By hand, betas .9 and .999: the running mean of n equal gradients g is g (1 - .9^n).
  EXPECT_NEAR(gradients(1, "one")[0].item<double>(), 32 * (1 - std::pow(0.9, 5)), 1e-3);
  EXPECT_NEAR(gradients(2, "two")[0].item<double>(), 32 * (1 - std::pow(0.9, 3)), 1e-3);
}

/// Two numbers as two channels of a small picture.
Network picture_network() {
  torch::nn::Conv2d convolution(torch::nn::Conv2dOptions(2, 3, 3).padding(1));
  return {convolution.ptr(), [convolution](const TensorMap& inputs) mutable {
            const torch::Tensor pictures = inputs.at("x").reshape({-1, 2, 1, 1}).expand({-1, 2, 4, 4});
            return TensorMap{{"class", convolution->forward(pictures).mean({2, 3})}};
          }};
}

/// Steps take a third to two thirds of the time in that layout, and moments that a checkpoint brought back would slow
/// the optimiser down in another.
TEST_F(NetworkTraining, ConvolutionsLearnWithTheChannelsLastAlsoAfterACheckpoint) {
  TrainingTask task = task_of_angles();
  task.build = picture_network;
  bool channels_last = true;
  task.held_out_loss = [&](const Network& network) {
    for (const torch::Tensor& weights : network.module->parameters()) {
      channels_last = channels_last && (weights.dim() < 4 || weights.is_contiguous(at::MemoryFormat::ChannelsLast));
    }
    return loss_of(network, drawn_batch(999));
  };
  const TrainingRun run = run_in("pictures");
  const TrainingResult learned = train_network(task, run);
  EXPECT_TRUE(channels_last);
  EXPECT_LT(learned.held_out_loss, 0.6);

  const Network network = picture_network(), average = picture_network();
  use_channels_last(*network.module);
  torch::optim::AdamW optimizer({network.module->parameters()[0], network.module->parameters()[1]});
  load_checkpoint(run.folder / "checkpoint.safetensors", {*network.module, *average.module, optimizer});
  ASSERT_EQ(optimizer.state().size(), 2U);
  for (const auto& [key, state] : optimizer.state()) {
    const torch::Tensor mean = static_cast<const torch::optim::AdamWParamState&>(*state).exp_avg();
    EXPECT_TRUE(mean.dim() < 4 || mean.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace
}  // namespace lumbargrade
