#include "cli/batch_progress.h"

#include <unistd.h>

#include <memory>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"

namespace lumbargrade::cli {
namespace {

size_t done(const BatchCounts& counts) {
  return counts.skipped + counts.graded + counts.failed;
}

/// "12/2000 studies, 1 failed, 1.25/s, 0:26:31 left".
std::string figures_of(const BatchCounts& counts, Pace& pace) {
  std::string line = text(done(counts), "/", done(counts) + counts.left, " studies");
  if (counts.failed > 0) line += text(", ", counts.failed, " failed");
  return line + pace.text_of(done(counts), counts.left);
}

/// A line of the log now and then.
BatchCalls plain_progress() {
  return {[pace = Pace(), next_s = 0.0](const BatchCounts& counts) mutable {
            const std::string line = figures_of(counts, pace);
            if (counts.left > 0 && pace.elapsed_s() < next_s) return;
            next_s = pace.elapsed_s() + kPlainProgressInterval_s;
            log_info(line);
          },
          log_warning};
}

/// A bar needs a terminal, and the line to itself: with -v messages come between.
bool wants_bar(const std::string& kind) {
  return kind == "bar" || (kind == "auto" && isatty(STDERR_FILENO) != 0 && !is_logged(LogLevel::Debug));
}

}  // namespace

BatchCalls make_progress(const std::string& kind) {
  if (kind == "none" || !is_logged(LogLevel::Info)) return {[](const BatchCounts&) {}, log_warning};
  if (!wants_bar(kind)) return plain_progress();
  const auto bar = std::make_shared<ProgressBar>();
  const auto pace = std::make_shared<Pace>();
  return {[bar, pace](const BatchCounts& counts) {
            bar->draw("", done(counts), done(counts) + counts.left, figures_of(counts, *pace));
          },
          [bar](const std::string& message) {
            bar->clear();
            log_warning(message);
          }};
}

}  // namespace lumbargrade::cli
