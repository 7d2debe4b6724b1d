#include "core/progress.h"

#include <unistd.h>

#include <cmath>
#include <iostream>
#include <sstream>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr int kBarColumns = 30;
constexpr auto kTerminalInterval = std::chrono::milliseconds(200);
constexpr auto kPlainInterval = std::chrono::seconds(30);

std::string clock_text(double seconds) {
  const auto whole = std::lround(seconds);
  std::ostringstream out;
  out << whole / 60 << ":" << (whole % 60 < 10 ? "0" : "") << whole % 60;
  return out.str();
}

std::string bar(double share) {
  const auto filled = static_cast<size_t>(std::lround(share * kBarColumns));
  return text("[", std::string(filled, '#'), std::string(kBarColumns - filled, ' '), "] ");
}

}  // namespace

Progress::Progress(std::string title, int total)
    : title_(std::move(title)), total_(total), is_terminal_(isatty(STDERR_FILENO) == 1), start_(Clock::now()) {}

Progress::~Progress() {
  if (is_terminal_) std::cerr << '\n';
}

void Progress::show(int done, const std::string& note) {
  const auto now = Clock::now();
  if (first_ < 0) first_ = done, start_ = now, last_shown_ = now - kPlainInterval;
  const auto interval = is_terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kPlainInterval);
  if (now - last_shown_ < interval && done < total_) return;
  last_shown_ = now;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const double rate = done > first_ ? (done - first_) / std::max(1e-9, elapsed_s) : 0;
  std::ostringstream line;
  line << title_ << ": ";
  if (is_terminal_) line << bar(double(done) / total_);
  line << done << "/" << total_;
  if (rate > 0) line << ", " << std::round(rate * 100) / 100 << "/s, " << clock_text((total_ - done) / rate) << " left";
  line << "  " << note;
  std::cerr << (is_terminal_ ? "\r\033[K" : "") << line.str() << (is_terminal_ ? "" : "\n") << std::flush;
}

}  // namespace lumbargrade
