#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "pipeline/load_grader.h"
#include "study/study.h"

namespace lumbargrade::cli {

/// Which study of a folder is meant: for every command that reads one study.
CLI::Option* add_study_option(CLI::App& command, StudyOptions& options);

/// Which series of a study is used: for every command that reads studies.
void add_series_options(CLI::App& command, StudyOptions& options);

/// `--device`, checked.
CLI::Option* add_device_option(CLI::App& command, std::string& device);

/// Bundle, device, threads, naming of levels: for every command that grades.
void add_grader_options(CLI::App& command, GraderOptions& options);

/// Both as they were resolved, for the record of a run.
nlohmann::ordered_json to_json(const StudyOptions& options);
nlohmann::ordered_json to_json(const GraderOptions& options);

}  // namespace lumbargrade::cli
