#include "cli/batch_progress.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>

#include "core/log.h"
#include "runs/stopwatch.h"

namespace lumbargrade::cli {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

size_t done(const BatchCounts& counts) {
  return counts.skipped + counts.graded + counts.failed;
}

std::string progress_text(const BatchCounts& counts, double elapsed_s) {
  const size_t now = counts.graded + counts.failed;
  const double rate = elapsed_s > 0 ? static_cast<double>(now) / elapsed_s : 0;
  std::string line = text(done(counts), "/", done(counts) + counts.left, " studies");
  if (counts.failed > 0) line += text(", ", counts.failed, " failed");
  if (rate <= 0) return line;
  std::array<char, 96> buffer{};
  const auto left_s = static_cast<long>(static_cast<double>(counts.left) / rate);
  std::snprintf(buffer.data(), buffer.size(), ", %.2f studies/s, %ld:%02ld:%02ld left", rate, left_s / 3600,
                left_s / 60 % 60, left_s % 60);
  return line + buffer.data();
}

void draw_bar(const BatchCounts& counts, double elapsed_s) {
  constexpr size_t kWidth = 30;
  const size_t all = done(counts) + counts.left;
  const size_t filled = all == 0 ? kWidth : kWidth * done(counts) / all;
  std::cerr << kClearLine << '[' << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] "
            << progress_text(counts, elapsed_s) << (counts.left == 0 ? "\n" : "") << std::flush;
}

class PlainProgress {
 public:
  void operator()(const BatchCounts& counts) {
    const double now_s = watch_.elapsed_ms() / 1000;
    if (counts.left > 0 && now_s < next_s_) return;
    next_s_ = now_s + kIntervalS;
    log_info(progress_text(counts, now_s));
  }

 private:
  static constexpr double kIntervalS = 30;
  Stopwatch watch_;
  double next_s_ = 0;
};

}  // namespace

BatchCalls make_progress(const std::string& kind) {
  const bool bar = kind == "bar" || (kind == "auto" && isatty(STDERR_FILENO) != 0);
  if (kind == "none" || !is_logged(LogLevel::Info)) return {[](const BatchCounts&) {}, log_warning};
  if (!bar) return {PlainProgress(), log_warning};
  return {[watch = Stopwatch()](const BatchCounts& counts) { draw_bar(counts, watch.elapsed_ms() / 1000); },
          [](const std::string& message) {
            std::cerr << kClearLine << std::flush;  // the bar is drawn again after the next study
            log_warning(message);
          }};
}

}  // namespace lumbargrade::cli
