#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "batch/result_store.h"
#include "batch/worker_pool.h"
#include "node/configuration.h"
#include "node/spool.h"

namespace lumbargrade::node {

/// What the grading part of a node counts.
struct GradingCounts {
  size_t arriving = 0;  ///< studies that are not complete yet, or wait to be graded
  size_t graded = 0;    ///< that have a result
  size_t failed = 0;
};

/// Grades studies of the spool that are complete, in the worker processes of `batch`, and queues their results for
/// every peer. Keeps the results folder as `batch` does.
class Grading {
 public:
  /// Opens the results folder; queues what a killed node had graded and not queued. Throws Error (Failure) where it
  /// holds results of another bundle or other options. `program` is "lumbargrade 0.1.0".
  Grading(const Configuration& configuration, PoolOptions pool, const RunIdentity& identity, std::string program);

  /// Grades what is complete now; `control` is asked several times a second meanwhile. Returns how many were graded or
  /// failed.
  size_t run_round(const std::function<PoolControl()>& control);

  /// Removes images and results whose time is over, save those that are not graded or not sent.
  void remove_old();

  GradingCounts counts() const { return counts_; }

 private:
  using FileTime = std::filesystem::file_time_type;

  std::vector<StudyFolder> complete_studies();
  bool is_whole(const std::string& study, FileTime changed);
  bool is_to_grade(const StudyFolder& study);
  void record(const StudyOutcome& outcome);
  void queue_results(const std::string& study) const;
  bool is_sent(const std::string& study) const;
  void write_tables_and_index();
  void remove_study(const std::string& study) const;

  const Configuration& configuration_;
  Spool spool_;
  PoolOptions pool_;
  std::string program_;
  ResultStore store_;
  FolderLock lock_;
  FileTime started_;
  std::map<std::string, FileTime> settled_;  ///< studies with nothing to do, and when their folder last changed
  std::map<std::string, FileTime> asked_;    ///< when a peer was asked last how many images a study has
  GradingCounts counts_;
};

}  // namespace lumbargrade::node
