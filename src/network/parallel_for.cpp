#include "network/parallel_for.h"

#include <ATen/Parallel.h>

#include "core/parallel.h"

namespace lumbargrade {
namespace {

/// The number of LibTorch's threads, which the destructor sets again.
class ThreadsKept {
 public:
  ThreadsKept() : count_(at::get_num_threads()) {}
  ~ThreadsKept() { at::set_num_threads(count_); }
  ThreadsKept(const ThreadsKept&) = delete;
  ThreadsKept& operator=(const ThreadsKept&) = delete;
  int count() const { return count_; }

 private:
  int count_;
};

}  // namespace

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work) {
  const ThreadsKept threads;
  if (count < 2 || threads.count() < 2) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  for_each_index(count, threads.count(), [&](std::size_t i) {
    at::set_num_threads(1);  // of the thread that calls, and of those that begin later
    work(i);
  });
}

}  // namespace lumbargrade
