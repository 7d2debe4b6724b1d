#pragma once

#include <string>

namespace lumbargrade {

/// Logging goes to stderr, always. The interface takes ready strings so that no header of ours brings fmt into a file
/// that includes LibTorch, whose wheel carries a newer fmt than Debian's spdlog compiles with. Every message is made
/// printable: one line, no escape sequences.
enum class LogLevel { Debug, Info, Warning, Error, Off };

/// Installs the stderr sink. Call once from main, before any thread starts.
void set_up_logging(LogLevel threshold);

bool is_logged(LogLevel level);

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);

}  // namespace lumbargrade
