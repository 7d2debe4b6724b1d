#pragma once

#include <chrono>
#include <string>

namespace lumbargrade {

/// Wall-clock time since it was made.
class Stopwatch {
 public:
  double elapsed_ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Time since the kernel started this process, loading of shared libraries included; to 10 ms. 0 when /proc is absent.
double ms_since_process_start();

/// The time now as "2026-11-23T21:04:17Z".
std::string utc_timestamp();

}  // namespace lumbargrade
