#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/finding.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  using namespace spdlog::level;
  static constexpr std::array kLevels = {debug, info, warn, err, off};
  return kLevels.at(index_of(level));
}

}  // namespace

void set_up_logging(LogLevel threshold) {
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
  const bool is_plain = no_color != nullptr && *no_color != '\0';
  auto logger = std::make_shared<spdlog::logger>(
      "lumbargrade", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(is_plain ? spdlog::color_mode::never
                                                                                    : spdlog::color_mode::automatic));
  // Who reads a log afterwards wants to know when; who sits before a terminal does not.
  logger->set_pattern(isatty(STDERR_FILENO) != 0 ? "%^%l%$: %v" : "%Y-%m-%dT%H:%M:%S%z %l: %v");
  logger->set_level(spdlog_level(threshold));
  spdlog::set_default_logger(std::move(logger));
}

bool is_logged(LogLevel level) {
  return spdlog::default_logger_raw()->should_log(spdlog_level(level));
}

// Messages are passed as arguments, never as format strings: file names may hold braces. They may also hold what steers
// a terminal or forges a second line.
void log_debug(const std::string& message) {
  spdlog::debug("{}", printable(message));
}
void log_info(const std::string& message) {
  spdlog::info("{}", printable(message));
}
void log_warning(const std::string& message) {
  spdlog::warn("{}", printable(message));
}
void log_error(const std::string& message) {
  spdlog::error("{}", printable(message));
}

}  // namespace lumbargrade
