#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "batch/result_store.h"
#include "batch/worker_pool.h"

namespace lumbargrade {

struct BatchOptions {
  std::filesystem::path data_set;
  std::filesystem::path output;
  DiscoverOptions discover;
  std::filesystem::path series_descriptions;  ///< the workers' table: rows of no study are told; may be empty
  Shard shard;
  bool redo = false;
  bool fail_fast = false;
  std::optional<size_t> max_failures;
  bool may_be_empty = false;  ///< a data set without studies is no error
  PoolOptions pool;
  RunIdentity identity;
};

struct BatchCounts {
  size_t data_set = 0;  ///< studies of the whole data set
  size_t shard = 0;     ///< of this shard
  size_t skipped = 0;   ///< finished by an earlier run
  size_t graded = 0;
  size_t failed = 0;         ///< unusable folders included
  size_t with_warnings = 0;  ///< of those graded now
  size_t left = 0;           ///< not begun, because the run was stopped
};

struct BatchSummary {
  BatchCounts counts;
  StudyTimes times;  ///< summed over studies
  GraderIdentity grader;
  std::string stop_reason;  ///< why studies are left; empty when none are
};

struct BatchCalls {
  std::function<void(const BatchCounts&)> progress;  ///< once before the first study, then after each
  std::function<void(const std::string&)> warn;      ///< a study that failed or has warnings, an interrupt
};

/// Grades one shard of a data set into `output`/shards/<i>-of-<n>, skipping what is finished there. Studies that failed
/// before are tried again, and those whose result is damaged or whose files have changed, with a warning. SIGINT or
/// SIGTERM lets the running studies finish; a second one drops them. `redo` removes the shard's results and the final
/// tables in `output`. Throws Error (NoUsableStudy) when the data set holds no study, (Failure) when the output is in
/// use, is of another kind or cannot be written.
BatchSummary run_batch(const BatchOptions& options, const BatchCalls& calls);

std::filesystem::path shard_folder(const std::filesystem::path& output, const Shard& shard);

}  // namespace lumbargrade
