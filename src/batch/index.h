#pragma once

#include <filesystem>
#include <string>

namespace lumbargrade {

/// The folder below a batch's output that holds the studies' pages.
inline constexpr const char* kReportsFolder = "reports";

/// The folder of a study's page, relative to the output.
std::string report_folder_of(const std::string& study_id);

/// Writes index.html into `output` from its grades.csv, studies.csv and failures.csv; see index_page.h. Throws Error
/// (Failure).
void write_index(const std::filesystem::path& output, const std::string& program);

}  // namespace lumbargrade
