#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

#include "batch/discover.h"
#include "pipeline/load_grader.h"
#include "study/study.h"

namespace lumbargrade::cli {

/// `inspect --csv`: one row a study of a whole data set.
struct InspectDatasetOptions {
  bool wanted = false;
  int jobs = 0;
  StudyDepth depth = StudyDepth::Auto;
};

/// Returns --csv, by which the table is asked for.
CLI::Option* add_inspect_dataset_options(CLI::App& command, InspectDatasetOptions& options);

/// Prints the table on standard output, in the order of study ids; folders that hold no readable study are rows with an
/// `error`. Returns the exit code: 0, 3 when some studies cannot be read, 4 when none can. Throws Error (NoUsableStudy)
/// when there is no study.
int inspect_dataset(const std::filesystem::path& data_set, const InspectDatasetOptions& options,
                    const StudyOptions& series, const GraderOptions& locator);

/// The bundle whose locator looks at series that headers do not tell apart. Empty, with a warning, where there is none:
/// roles then come from headers alone.
std::filesystem::path locator_bundle(const GraderOptions& locator);

}  // namespace lumbargrade::cli
