#include "network/parallel_for.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace lumbargrade {
namespace {

class ParallelFor : public ::testing::Test {
 public:
  ParallelFor() { at::set_num_threads(kThreads); }
  ~ParallelFor() override { at::set_num_threads(before_); }

 protected:
  static constexpr int kThreads = 3;

 private:
  int before_ = at::get_num_threads();
};

TEST_F(ParallelFor, WorksOnEveryItemOnceWithOneThreadEach) {
  std::vector<int> times(100, 0), threads(100, 0);
  parallel_for(times.size(), [&](size_t k) {
    ++times[k];
    threads[k] = at::get_num_threads();
  });
  EXPECT_EQ(times, std::vector<int>(100, 1));
  EXPECT_EQ(threads, std::vector<int>(100, 1));
}

TEST_F(ParallelFor, ASingleItemHasAllThreads) {
  int threads = 0;
  parallel_for(1, [&](size_t) { threads = at::get_num_threads(); });
  EXPECT_EQ(threads, kThreads);
}

TEST_F(ParallelFor, SharesOutWithinAnItemToo) {
  std::atomic<int> sum = 0;
  parallel_for(4, [&](size_t a) { parallel_for(5, [&](size_t b) { sum += static_cast<int>(10 * a + b); }); });
  EXPECT_EQ(sum, 5 * 60 + 4 * 10);
}

TEST_F(ParallelFor, GivesTheThreadsBackWhateverHappens) {
  parallel_for(5, [](size_t) {});
  EXPECT_EQ(at::get_num_threads(), kThreads);
  const auto fails_at_third = [](size_t k) {
    if (k == 3) throw std::runtime_error("third");
  };
  EXPECT_THROW(parallel_for(5, fails_at_third), std::runtime_error);
  EXPECT_EQ(at::get_num_threads(), kThreads);
}

}  // namespace
}  // namespace lumbargrade
