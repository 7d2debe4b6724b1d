#pragma once

#include <chrono>
#include <string>

namespace lumbargrade {

/// Progress on stderr: a bar with rate and time left on a terminal, a plain line now and then elsewhere.
class Progress {
 public:
  Progress(std::string title, int total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` steps are finished; `note` stands behind the numbers.
  void show(int done, const std::string& note);

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  int total_;
  int first_ = -1;
  bool is_terminal_;
  Clock::time_point start_;
  Clock::time_point last_shown_;
};

}  // namespace lumbargrade
