#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "batch/descriptor.h"
#include "batch/discover.h"
#include "batch/shard.h"

namespace lumbargrade {

/// What a store's results depend on; results of different identities are never mixed.
using RunIdentity = nlohmann::ordered_json;

enum class ResultState {
  Missing,
  Finished,
  Damaged,  ///< cut off or changed
  Stale,    ///< the study's files are not those that were graded
};

/// The studies that one shard has to grade, written when it starts; merging proves by it that nothing is missing: the
/// ids of all shards together must have the digest that each of them took of the whole data set.
struct Plan {
  Shard shard;
  std::string data_set_digest;                   ///< SHA-256 over the ids of the whole data set
  std::vector<std::string> ids;                  ///< of this shard, sorted
  std::vector<StudyFailure> discovery_failures;  ///< unusable folders whose name belongs to this shard
};

/// A folder with the results of one shard:
///
///     identity.json          what the results depend on
///     plan.json              which studies belong here
///     studies/<name>.csv     one finished study: header, 25 rows, and what result_file.h adds
///     failures/<name>.json   one study that has no result
///
/// <name> is the study's id, percent-encoded where a file name could not carry it. Every file appears whole (written
/// aside, fsync, rename), so that a process may be killed at any moment.
class ResultStore {
 public:
  explicit ResultStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path result_file(const std::string& study_id) const;
  std::filesystem::path failure_file(const std::string& study_id) const;

  /// Creates the folder, or takes up the work in it. Throws Error (Failure) when it holds something else or results of
  /// another identity, unless `redo`: then what was there is removed. Removes what writers that were killed left half
  /// done: the caller holds the FolderLock.
  void open(const RunIdentity& identity, bool redo) const;

  void write_plan(const Plan& plan) const;
  Plan read_plan() const;
  RunIdentity read_identity() const;

  bool has_result(const std::string& study_id) const;
  /// Whether the study's result may be kept; reads it and looks at the study's files.
  ResultState state_of(const StudyFolder& study) const;
  void remove_result(const std::string& study_id) const;
  void write_failure(const StudyFailure& failure) const;
  void remove_failure(const std::string& study_id) const;
  std::optional<StudyFailure> read_failure(const std::string& study_id) const;

 private:
  std::filesystem::path folder_;
};

/// Percent-encodes what is not a letter, digit, point, dash or underscore; names over 200 bytes are cut and end in a
/// hash.
std::string file_name_for(const std::string& study_id);

std::string data_set_digest(const std::vector<std::string>& sorted_ids);

/// Holds an exclusive lock on a folder until it is destroyed, also when the process is killed. A second process gets an
/// Error (Failure) that says who holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);

 private:
  Descriptor descriptor_;
};

}  // namespace lumbargrade
