#pragma once

#include "cli/batch_options.h"

namespace lumbargrade::cli {

/// Runs a batch with what the user sees of it, which part of the data set is done, progress and warnings, and writes
/// its run.json: beside the results of a shard, else into the output. It keeps listing the earlier runs into the
/// same output. `outputs` are the files that a whole run leaves. Throws as run_batch.
BatchSummary run_and_record(const char* command, const BatchArguments& arguments, const BatchOptions& options,
                            const std::vector<std::string>& outputs);

/// What the user reads at the end, and the exit code: 0 all graded, 3 some failed, 4 none graded, 1 stopped early.
int finish_batch(const BatchSummary& summary);

}  // namespace lumbargrade::cli
