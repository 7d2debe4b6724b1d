#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "dicom/source_header.h"
#include "pipeline/report_file_names.h"

namespace lumbargrade::cli {

/// `--report`, `--masks`, `--dicom`, `--prior`, `--show-patient`.
void add_report_options(CLI::App& command, ReportOptions& options);

/// Throws Error (Usage) where options do not go together; `output` is the output folder, empty where there is none.
void check_report_options(const ReportOptions& options, const std::string& output, const std::string& format);

/// Lines that name the patient, for a page that shall.
std::vector<std::string> patient_lines(const dicom::SourceHeader& header);

/// "lumbargrade 0.1.0".
std::string program_text();

}  // namespace lumbargrade::cli
