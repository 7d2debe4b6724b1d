#pragma once

#include <filesystem>
#include <string>

#include "metric/cases.h"

namespace lumbargrade {

inline std::filesystem::path small_file(const std::string& name) {
  return std::filesystem::path(LUMBARGRADE_TEST_DATA) / "metric" / ("small_" + name + ".csv");
}

inline std::vector<ScoredStudy> small_submission(const std::string& name) {
  return read_submission(small_file(name), read_truth(small_file("train")));
}

/// The vectors that lie outside the repository; empty path when they are absent.
inline std::filesystem::path shared_metric_folder() {
  const std::filesystem::path folder = std::filesystem::path(LUMBARGRADE_SHARED) / "data/metric";
  return std::filesystem::exists(folder) ? folder : std::filesystem::path();
}

}  // namespace lumbargrade
