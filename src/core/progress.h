#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace lumbargrade {

/// How fast steps are finished, counted from the first look at them, so that what an earlier run did is left out.
class Pace {
 public:
  /// ", 1.25/s, 0:26:31 left"; empty before a step was finished.
  std::string text_of(std::size_t done, std::size_t left);
  double elapsed_s() const;

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point start_ = Clock::now();
  std::optional<std::size_t> done_before_;
};

/// One line on a terminal's stderr that is drawn again and again. The destructor ends it, so that what follows begins
/// on a line of its own.
class ProgressBar {
 public:
  ProgressBar() = default;
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// "<title>[####    ] <figures>"; of nothing to do all is done.
  void draw(const std::string& title, std::size_t done, std::size_t total, const std::string& figures);
  /// Makes room for a message; the next `draw` brings the bar back.
  void clear();

 private:
  bool is_drawn_ = false;
};

/// Progress of a loop on stderr: a bar with rate and time left on a terminal, a plain line now and then elsewhere.
class Progress {
 public:
  Progress(std::string title, int total);

  /// `done` of `total` steps are finished; `note` stands behind the numbers.
  void show(int done, const std::string& note);

 private:
  std::string title_;
  std::size_t total_;
  bool is_terminal_;
  Pace pace_;
  ProgressBar bar_;
  std::optional<double> last_shown_s_;
};

/// Tells on stderr that something without steps is at work, from two seconds on: a line redrawn on a terminal, which
/// the destructor wipes out; elsewhere a line of the log now and then. Silent where information is not logged.
class Waiting {
 public:
  /// `what` is at work: "grading 900107". Up to `patience_s` nothing is told.
  explicit Waiting(std::string what, double patience_s = 2);
  ~Waiting() = default;  // ends the teller
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  void tell(const std::stop_token& ended) const;

  std::string what_;
  double patience_s_;
  bool is_terminal_;
  std::jthread teller_;
};

/// Between two plain lines, where there is no terminal.
inline constexpr double kPlainProgressInterval_s = 30;

}  // namespace lumbargrade
