#include "core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

constexpr std::size_t kBarColumns = 20;  // with the figures behind it below 80 columns
constexpr double kTerminalInterval_s = 0.2;
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

std::string Pace::text_of(std::size_t done, std::size_t left) {
  if (!done_before_) done_before_ = done, start_ = Clock::now();
  const double elapsed = elapsed_s();
  if (done <= *done_before_ || elapsed <= 0) return "";
  const double per_s = static_cast<double>(done - *done_before_) / elapsed;
  const auto left_s = static_cast<long>(static_cast<double>(left) / per_s);
  std::array<char, 96> buffer{};
  std::snprintf(buffer.data(), buffer.size(), ", %.2f/s, %ld:%02ld:%02ld left", per_s, left_s / 3600, left_s / 60 % 60,
                left_s % 60);
  return buffer.data();
}

double Pace::elapsed_s() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

ProgressBar::~ProgressBar() {
  if (is_drawn_) std::cerr << '\n';
}

void ProgressBar::draw(const std::string& title, std::size_t done, std::size_t total, const std::string& figures) {
  const std::size_t filled = total == 0 ? kBarColumns : kBarColumns * std::min(done, total) / total;
  std::cerr << kClearLine << title << '[' << std::string(filled, '#') << std::string(kBarColumns - filled, ' ') << "] "
            << figures << std::flush;
  is_drawn_ = true;
}

void ProgressBar::clear() {
  if (is_drawn_) std::cerr << kClearLine << std::flush;
  is_drawn_ = false;
}

Progress::Progress(std::string title, int total)
    : title_(std::move(title)), total_(static_cast<std::size_t>(total)), is_terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::show(int done, const std::string& note) {
  const auto finished = static_cast<std::size_t>(done);
  const std::size_t left = finished < total_ ? total_ - finished : 0;
  const std::string pace = pace_.text_of(finished, left);
  const double now_s = pace_.elapsed_s();
  const double interval_s = is_terminal_ ? kTerminalInterval_s : kPlainProgressInterval_s;
  if (last_shown_s_ && now_s - *last_shown_s_ < interval_s && left > 0) return;
  last_shown_s_ = now_s;
  const std::string figures = text(finished, "/", total_, pace, "  ", note);
  if (is_terminal_) {
    bar_.draw(title_ + ": ", finished, total_, figures);
  } else {
    std::cerr << text(title_, ": ", figures, "\n") << std::flush;
  }
}

Waiting::Waiting(std::string what, double patience_s)
    : what_(std::move(what)), patience_s_(patience_s), is_terminal_(isatty(STDERR_FILENO) == 1) {
  if (is_logged(LogLevel::Info)) teller_ = std::jthread([this](const std::stop_token& ended) { tell(ended); });
}

void Waiting::tell(const std::stop_token& ended) const {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any ending;
  std::chrono::duration<double> pause(patience_s_);
  const double interval_s = is_terminal_ ? kTerminalInterval_s : kPlainProgressInterval_s;
  const auto start = std::chrono::steady_clock::now();
  while (!ending.wait_for(lock, ended, pause, [&] { return ended.stop_requested(); }) && !ended.stop_requested()) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const std::string line = text(what_, ", ", static_cast<long>(elapsed.count()), " s so far");
    if (is_terminal_) {
      std::cerr << kClearLine << printable(line) << std::flush;
    } else {
      log_info(line);
    }
    pause = std::chrono::duration<double>(interval_s);
  }
  if (is_terminal_) std::cerr << kClearLine << std::flush;
}

}  // namespace lumbargrade
