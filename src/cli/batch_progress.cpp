#include "cli/batch_progress.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "core/log.h"
#include "pipeline/stopwatch.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

size_t done(const BatchCounts& counts) {
  return counts.skipped + counts.graded + counts.failed;
}

/// "12/2000 studies, 1 failed, 1.25/s, 0:26:31 left", at the pace since the first call.
class Pace {
 public:
  std::string text_of(const BatchCounts& counts) {
    if (!done_before_) done_before_ = done(counts);
    std::string line = text(done(counts), "/", done(counts) + counts.left, " studies");
    if (counts.failed > 0) line += text(", ", counts.failed, " failed");
    const double elapsed_s = watch_.elapsed_ms() / 1000;
    const auto done_now = static_cast<double>(done(counts) - *done_before_);
    if (done_now <= 0 || elapsed_s <= 0) return line;
    const double per_s = done_now / elapsed_s;
    const auto left_s = static_cast<long>(static_cast<double>(counts.left) / per_s);
    std::array<char, 96> buffer{};
    std::snprintf(buffer.data(), buffer.size(), ", %.2f/s, %ld:%02ld:%02ld left", per_s, left_s / 3600,
                  left_s / 60 % 60, left_s % 60);
    return line + buffer.data();
  }

  double elapsed_s() const { return watch_.elapsed_ms() / 1000; }

 private:
  Stopwatch watch_;
  std::optional<size_t> done_before_;  // by an earlier run, and unusable folders
};

/// One line that is drawn again and again. It is ended with the bar, so that what follows begins on a line of its own.
class Bar {
 public:
  Bar() = default;
  ~Bar() {
    if (is_drawn_) std::cerr << '\n';
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void draw(const BatchCounts& counts) {
    const size_t all = done(counts) + counts.left;
    const size_t filled = all == 0 ? kWidth : kWidth * done(counts) / all;
    std::cerr << kClearLine << '[' << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] "
              << pace_.text_of(counts) << std::flush;
    is_drawn_ = true;
  }

  /// Makes room for a message; the next `draw` brings the bar back.
  void clear() {
    if (is_drawn_) std::cerr << kClearLine << std::flush;
    is_drawn_ = false;
  }

 private:
  static constexpr size_t kWidth = 20;  // with the figures behind it below 80 columns
  Pace pace_;
  bool is_drawn_ = false;
};

class PlainProgress {
 public:
  void operator()(const BatchCounts& counts) {
    const std::string line = pace_.text_of(counts);
    if (counts.left > 0 && pace_.elapsed_s() < next_s_) return;
    next_s_ = pace_.elapsed_s() + kIntervalS;
    log_info(line);
  }

 private:
  static constexpr double kIntervalS = 30;
  Pace pace_;
  double next_s_ = 0;
};

/// A bar needs a terminal, and the line to itself: with -v messages come between.
bool wants_bar(const std::string& kind) {
  return kind == "bar" || (kind == "auto" && isatty(STDERR_FILENO) != 0 && !is_logged(LogLevel::Debug));
}

}  // namespace

BatchCalls make_progress(const std::string& kind) {
  if (kind == "none" || !is_logged(LogLevel::Info)) return {[](const BatchCounts&) {}, log_warning};
  if (!wants_bar(kind)) return {PlainProgress(), log_warning};
  const auto bar = std::make_shared<Bar>();
  return {[bar](const BatchCounts& counts) { bar->draw(counts); },
          [bar](const std::string& message) {
            bar->clear();
            log_warning(message);
          }};
}

}  // namespace lumbargrade::cli
