#include "network/parallel_for.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace lumbargrade {
namespace {

class ShareOut : public ::testing::Test {
 protected:
  ShareOut() { at::set_num_threads(kThreads); }
  ~ShareOut() override { at::set_num_threads(before_); }

  static constexpr int kThreads = 3;

 private:
  int before_ = at::get_num_threads();
};

TEST_F(ShareOut, WorksOnEveryItemOnceWithOneThreadEach) {
  std::vector<int> times(100, 0), threads(100, 0);
  parallel_for(times.size(), [&](size_t k) {
    ++times[k];
    threads[k] = at::get_num_threads();
  });
  EXPECT_EQ(times, std::vector<int>(100, 1));
  EXPECT_EQ(threads, std::vector<int>(100, 1));
}

TEST_F(ShareOut, ASingleItemHasAllThreads) {
  int threads = 0;
  parallel_for(1, [&](size_t) { threads = at::get_num_threads(); });
  EXPECT_EQ(threads, kThreads);
}

TEST_F(ShareOut, SharesOutWithinAnItemToo) {
  std::atomic<int> sum = 0;
  parallel_for(4, [&](size_t a) { parallel_for(5, [&](size_t b) { sum += static_cast<int>(10 * a + b); }); });
  EXPECT_EQ(sum, 5 * 60 + 4 * 10);
}

TEST_F(ShareOut, GivesTheThreadsBackWhateverHappens) {
  parallel_for(5, [](size_t) {});
  EXPECT_EQ(at::get_num_threads(), kThreads);
  EXPECT_THROW(parallel_for(5,
                            [](size_t k) {
                              if (k == 3) throw std::runtime_error("third");
                            }),
               std::runtime_error);
  EXPECT_EQ(at::get_num_threads(), kThreads);
}

}  // namespace
}  // namespace lumbargrade
