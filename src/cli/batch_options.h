#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "batch/batch.h"
#include "batch/worker.h"

namespace lumbargrade::cli {

/// What `batch` and `submission` share.
struct BatchArguments {
  WorkerOptions worker;
  int jobs = 0;
  bool redo = false;
  bool fail_fast = false;
  std::optional<size_t> max_failures;
  double study_timeout_s = 600;
  bool deterministic = false;
  std::string progress = "auto";
  StudyDepth depth = StudyDepth::Auto;
};

/// The options of BatchArguments, those of series and model included.
void add_batch_options(CLI::App& command, BatchArguments& arguments);

CLI::Option* add_jobs_option(CLI::App& command, int& jobs);
CLI::Option* add_depth_option(CLI::App& command, StudyDepth& depth);

/// Resolves jobs and threads and says what the results depend on. Checks the bundle's manifest for its hash.
BatchOptions resolved(const BatchArguments& arguments, const std::filesystem::path& data_set,
                      const std::filesystem::path& output, const Shard& shard);

}  // namespace lumbargrade::cli
