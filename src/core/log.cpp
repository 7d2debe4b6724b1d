#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "core/printable_text.h"

namespace lumbargrade {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void set_up_logging(LogLevel threshold) {
  auto logger =
      std::make_shared<spdlog::logger>("lumbargrade", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%^%l%$: %v");
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
