#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "batch/result_file.h"
#include "batch/result_store.h"

namespace lumbargrade {

/// Shards that together make one data set, checked against each other.
struct ShardSet {
  std::vector<ResultStore> stores;               ///< by shard, 1/n first
  std::vector<std::string> ids;                  ///< of the whole data set, sorted
  std::vector<StudyFailure> discovery_failures;  ///< sorted by id
};

/// Collects the shards in the given folders: outputs of batch runs, or shard folders themselves. Throws Error (Failure)
/// when one of the n shards is missing or there twice, when they differ in their number, data set, bundle or options,
/// or when their studies together are not the data set.
ShardSet collect_shards(const std::vector<std::filesystem::path>& folders);

struct MergeCallbacks {
  std::function<void(const std::string& study_id, const StudyResultFile& result)> graded;
  std::function<void(const StudyFailure&)> failed;
};

/// Calls back for every study of the data set once, in the order of ids; unusable folders come last. Throws Error
/// (Failure) when a study has neither a result nor a failure, or its result is damaged.
void for_each_study(const ShardSet& shards, const MergeCallbacks& callbacks);

struct MergeCounts {
  size_t graded = 0;
  size_t failed = 0;
};

/// Writes grades.csv (25 rows a study, sorted by id), studies.csv (study_summary.h; one row a study, failed ones too)
/// and failures.csv (failure_columns) into `output`, which is locked meanwhile.
MergeCounts write_tables(const ShardSet& shards, const std::filesystem::path& output);

/// study_id, stage, reason, file
const std::vector<std::string>& failure_columns();
std::vector<std::string> failure_cells(const StudyFailure& failure);

}  // namespace lumbargrade
