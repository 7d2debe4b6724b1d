#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "batch/discover.h"
#include "pipeline/load_grader.h"

namespace lumbargrade {

/// What became of one study.
struct StudyOutcome {
  StudyFolder study;
  bool graded = false;
  StudyTimes times;
  std::vector<std::string> warnings;
  std::vector<std::string> overview;  ///< of a study that was only inspected, see overview_cells
  StudyFailure failure;               ///< when not graded
};

struct PoolOptions {
  std::vector<std::string> command;  ///< program and arguments of the workers' fork server, see run_worker
  int workers = 1;
  double study_timeout_s = 600;
  double start_timeout_s = 30;  ///< or a study's, where that is longer: a network file system brings LibTorch slowly
};

/// How the caller wants a running pool to go on.
enum class PoolControl { Continue, Drain, Abort };

struct PoolCalls {
  std::function<std::filesystem::path(const StudyFolder&)> result_file;
  std::function<void(const StudyOutcome&)> finished;  ///< in the order in which studies end
  std::function<PoolControl()> control;               ///< asked several times a second
};

/// Grades the studies in worker processes, one study at a time in each. A worker that dies or outlives the timeout
/// costs the study it was at, and is replaced; so is one that dies or is stopped while it loads, which costs none.
/// Returns what the workers loaded. Throws Error when workers cannot start (in the words and the kind of the worker, or
/// when they died three times over before any was ready) or results cannot be written.
GraderIdentity run_pool(const std::vector<StudyFolder>& studies, const PoolOptions& options, const PoolCalls& calls);

}  // namespace lumbargrade
