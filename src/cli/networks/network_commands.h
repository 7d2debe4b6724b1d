#pragma once

#include <optional>
#include <string>

#include "batch/worker.h"
#include "pipeline/load_grader.h"
#include "pipeline/report_file_names.h"
#include "pipeline/study_reading.h"

namespace lumbargrade::cli {

struct GradeOptions {
  std::string study;
  std::string output;     ///< folder; empty: standard output
  std::string attention;  ///< file; empty: not written
  ReportOptions report;   ///< what is written beside the table
  bool force = false;
  std::string format = "csv";
  StudyOptions series;
  GraderOptions grader;
};

struct CropOptions {
  std::string study;
  std::string output;
  bool force = false;
  StudyOptions series;
  GraderOptions grader;
};

struct ModelOptions {
  std::optional<std::string> bundle;
  bool json = false;
};

/// Files of `grade -o`.
inline constexpr const char* kGradesFile = "grades.csv";
inline constexpr const char* kRecordFile = "run.json";

/// What runs networks. It lies in a shared library of its own, liblumbargrade_networks.so, since LibTorch takes a fifth
/// of a second to load, more than most other commands take altogether. Errors leave these functions as Error.
struct NetworkCommands {
  int (*grade)(const GradeOptions& options, StudyReading& reading);
  int (*crops)(const CropOptions& options);
  int (*model_info)(const ModelOptions& options);
  int (*model_verify)(const ModelOptions& options);
  int (*worker)(const WorkerOptions& options);
  int (*mercure)();
  LoadedGrader (*load_grader)(const GraderOptions& options);
  std::string (*ready_device)(const std::string& wanted);
};

/// Loads the library when it is first called. Throws Error (Failure) where it cannot be loaded.
const NetworkCommands& network_commands();

}  // namespace lumbargrade::cli
