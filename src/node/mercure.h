#pragma once

#include <filesystem>
#include <string>

#include "pipeline/load_grader.h"

namespace lumbargrade::node {

/// What mercure gives a processing module.
struct MercureFolders {
  std::filesystem::path in, out;
};

/// From MERCURE_IN_DIR and MERCURE_OUT_DIR. Throws Error (Usage) where one is not set or no folder.
MercureFolders mercure_folders();

/// Grades the study in the first folder; writes SR, SC and SEG as <series>#<instance>.dcm and result.json (laid out as
/// grades.json, docs/outputs.md) into the second. Throws as read_and_grade and write_report_files.
void run_mercure_module(const MercureFolders& folders, const GraderOptions& options, const std::string& program);

}  // namespace lumbargrade::node
