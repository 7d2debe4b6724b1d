#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "batch/discover.h"
#include "core/csv.h"

namespace lumbargrade {

/// Counted up when a result file is laid out anew. What its tables' columns are needs no counting: a batch compares
/// their hash.
inline constexpr int kResultFileFormat = 2;

/// What a result says besides the grades.
struct ResultRecord {
  std::string study_id;
  std::string input_fingerprint;     ///< see input_fingerprint
  std::vector<std::string> summary;  ///< the study's cells of studies.csv, see study_summary.h
};

struct StudyResultFile {
  CsvTable grades;  ///< 25 rows
  ResultRecord record;
};

/// The text of a result file: the table of grades, a line `#` with the record as JSON, a line `#sha256` with the hash
/// of everything above it.
std::string result_file_text(const std::string& grades_csv, const ResultRecord& record);

/// Reads and checks one. Throws Error (Failure) that names the file when it is cut off, changed, of another study or of
/// another version.
StudyResultFile read_result_file(const std::filesystem::path& path, const std::string& study_id);

/// SHA-256 over names (below the study's folder), sizes and times of change (to the second) of the study's files,
/// hidden ones left out. It changes when a file comes, goes or is written anew. No file is opened.
std::string input_fingerprint(const StudyFolder& study);

}  // namespace lumbargrade
