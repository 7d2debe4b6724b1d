#include "training/loop/training_loop.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/utils.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace lumbargrade {
namespace {

TEST(BatchQueue, GivesEveryBatchInOrder) {
  BatchQueue<int> queue(3, 40, [](int k) { return k * k; });
  for (int k = 3; k < 40; ++k) EXPECT_EQ(queue.next(), k * k);
}

TEST(BatchQueue, HandsOnWhatMakingABatchThrows) {
  BatchQueue<int> queue(0, 10, [](int k) {
    if (k == 2) throw std::runtime_error("bad batch");
    return k;
  });
  EXPECT_EQ(queue.next(), 0);
  EXPECT_EQ(queue.next(), 1);
  EXPECT_THROW(queue.next(), std::runtime_error);
}

TEST(BatchQueue, GivesBatchesOfSeveralMakersInOrder) {
  std::atomic<int> together = 0, most = 0;
  const auto make = [&](int k) {
    most = std::max<int>(most, ++together);
    std::this_thread::sleep_for(std::chrono::milliseconds(k % 3));
    --together;
    return k;
  };
  BatchQueue<int> queue(0, 60, make, 3);
  for (int k = 0; k < 60; ++k) EXPECT_EQ(queue.next(), k);
  EXPECT_GT(most, 1);
}

TEST(BatchQueue, ThrowsAfterWhatCameBefore) {
  BatchQueue<int> queue(
      0, 10,
      [](int k) {
        if (k == 2) throw std::runtime_error("bad batch");
        return k;
      },
      3);
  EXPECT_EQ(queue.next(), 0);
  EXPECT_EQ(queue.next(), 1);
  EXPECT_THROW(queue.next(), std::runtime_error);
}

TEST(BatchQueue, CanBeLeftBeforeItsEnd) {
  BatchQueue<int> queue(0, 1'000'000, [](int k) { return k; });
  EXPECT_EQ(queue.next(), 0);
}

TEST(Rate, RisesToThePeakAndFallsToZero) {
  EXPECT_NEAR(rate_at(0, 100, 0.1, 2), 0.2, 1e-12);
  EXPECT_NEAR(rate_at(9, 100, 0.1, 2), 2, 1e-12);
  EXPECT_NEAR(rate_at(10, 100, 0.1, 2), 2, 1e-12);
  EXPECT_NEAR(rate_at(55, 100, 0.1, 2), 1, 1e-12);
  EXPECT_NEAR(rate_at(100, 100, 0.1, 2), 0, 1e-12);
}

TEST(RunningAverage, ConvergesToConstantWeightsAndCopiesStatistics) {
  torch::nn::BatchNorm2d average(2), network(2);
  {
    const torch::NoGradGuard no_grad;
    network->weight.fill_(5);
    network->running_mean.fill_(3);
  }
  for (int step = 1; step <= 400; ++step) update_average(*average, *network, step, 0.9);
  EXPECT_NEAR(average->weight[0].item<double>(), 5, 1e-4);
  EXPECT_EQ(average->running_mean[1].item<double>(), 3);
}

}  // namespace
}  // namespace lumbargrade
