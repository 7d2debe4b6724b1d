#pragma once

#include <torch/nn/module.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace lumbargrade {

/// Makes batches ahead of the network, on threads of its own: `make(k)` for k in [first, last), which next() gives in
/// this order. `make` is called by several threads at once where there are several makers. What it throws is thrown by
/// next() when its turn comes.
template <typename Batch>
class BatchQueue {
 public:
  BatchQueue(int first, int last, std::function<Batch(int)> make, int makers = 1)
      : make_(std::move(make)), ahead_(kAhead + makers), last_(last), next_made_(first), next_given_(first) {
    for (int k = 0; k < std::max(makers, 1); ++k) {
      makers_.emplace_back([this](const std::stop_token& stop) { run(stop); });
    }
  }

  Batch next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_.contains(next_given_) || failures_.contains(next_given_); });
    const auto failure = failures_.find(next_given_);
    if (failure != failures_.end()) std::rethrow_exception(failure->second);
    Batch batch = std::move(ready_.extract(next_given_++).mapped());
    changed_.notify_all();
    return batch;
  }

 private:
  static constexpr int kAhead = 4;

  void run(const std::stop_token& stop) {
    while (const auto k = number_to_make(stop)) {
      std::optional<Batch> batch;
      std::exception_ptr failure;
      try {
        batch = make_(*k);
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      if (batch) ready_.emplace(*k, std::move(*batch));
      if (failure) failures_.emplace(*k, failure);
      changed_.notify_all();
      if (failure) return;
    }
  }

  /// The next one, as soon as it is near enough to the one that is wanted; none at the end.
  std::optional<int> number_to_make(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool wanted =
        changed_.wait(lock, stop, [this] { return next_made_ >= last_ || next_made_ < next_given_ + ahead_; });
    if (!wanted || stop.stop_requested() || next_made_ >= last_) return std::nullopt;
    return next_made_++;
  }

  std::function<Batch(int)> make_;
  const int ahead_, last_;
  int next_made_, next_given_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<int, Batch> ready_;
  std::map<int, std::exception_ptr> failures_;
  std::vector<std::jthread> makers_;  // last: they use all of the above
};

/// Linear warm-up over `warm_up` (a share of all steps), then a cosine down to zero.
double rate_at(int step, int steps, double warm_up, double peak);

/// Moves `average` towards `network`; early steps count more. Buffers (statistics, counters) are copied.
void update_average(torch::nn::Module& average, const torch::nn::Module& network, int step, double decay);

}  // namespace lumbargrade
