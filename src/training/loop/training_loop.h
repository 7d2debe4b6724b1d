#pragma once

#include <torch/torch.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace lumbargrade {

/// Makes batches ahead of the network, on its own thread: `make(k)` for k in [first, last), in this order. What `make`
/// throws is thrown by next().
template <typename Batch>
class BatchQueue {
 public:
  BatchQueue(int first, int last, std::function<Batch(int)> make)
      : maker_([=, this, make = std::move(make)](const std::stop_token& stop) { run(first, last, make, stop); }) {}

  Batch next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
    if (ready_.empty()) std::rethrow_exception(failure_);
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  static constexpr size_t kAhead = 4;

  void run(int first, int last, const std::function<Batch(int)>& make, const std::stop_token& stop) {
    try {
      for (int k = first; k < last && !stop.stop_requested(); ++k) push(make(k), stop);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  void push(Batch batch, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return ready_.size() < kAhead; });
    ready_.push_back(std::move(batch));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  std::jthread maker_;  // last: it uses all of the above
};

/// Switches CPU or CUDA autocast to bfloat16 on for a scope.
class MixedPrecision {
 public:
  MixedPrecision(torch::DeviceType device, bool on);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  torch::DeviceType device_;
  bool on_;
};

/// Linear warm-up over `warm_up` (a share of all steps), then a cosine down to zero.
double rate_at(int step, int steps, double warm_up, double peak);

/// Moves `average` towards `network`; early steps count more. Buffers (statistics, counters) are copied.
void update_average(torch::nn::Module& average, const torch::nn::Module& network, int step, double decay);

}  // namespace lumbargrade
