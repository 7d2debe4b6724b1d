#pragma once

#include <string>

namespace lumbargrade::node {

/// As a processing module of mercure, grades the study in MERCURE_IN_DIR; writes SR, SC and SEG as
/// <series>#<instance>.dcm and result.json (laid out as grades.json, docs/outputs.md) into MERCURE_OUT_DIR. Throws
/// Error (Usage) where one of these is not set or no folder, and as read_and_grade and write_report_files.
void run_mercure_module(const std::string& program);

}  // namespace lumbargrade::node
