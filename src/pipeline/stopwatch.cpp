#include "pipeline/stopwatch.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>

namespace lumbargrade {
namespace {

/// Field 22 of /proc/self/stat, counted behind the command's name, which may hold blanks.
double start_after_boot_s() {
  std::ifstream file("/proc/self/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  std::istringstream fields(stat.substr(stat.rfind(')') == std::string::npos ? stat.size() : stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  return fields >> ticks ? ticks / static_cast<double>(sysconf(_SC_CLK_TCK)) : -1;
}

}  // namespace

double ms_since_process_start() {
  const double start_s = start_after_boot_s();
  timespec now{};
  if (start_s < 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const double now_s = static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  return now_s > start_s ? 1000 * (now_s - start_s) : 0;
}

std::string utc_timestamp() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer.data();
}

}  // namespace lumbargrade
