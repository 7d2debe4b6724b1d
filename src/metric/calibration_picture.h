#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "metric/cases.h"

namespace lumbargrade {

/// Draws predicted probability against observed share, one panel per condition, the area of a dot growing with its
/// number of cases, and writes it as PNG. Error (Failure) when the file cannot be written.
void write_calibration_picture(const std::filesystem::path& path, const std::vector<ScoredStudy>& studies,
                               const std::string& title);

}  // namespace lumbargrade
