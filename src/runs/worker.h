#pragma once

#include <functional>
#include <string>

#include "runs/load_grader.h"

namespace lumbargrade {

/// What a worker process answers on; see run_worker.
inline constexpr int kReplyDescriptor = 3;

struct WorkerOptions {
  StudyOptions series;
  GraderOptions grader;
  int memory_limit_mib = 4096;  ///< of private memory; a study that needs more fails alone
};

/// The life of a worker process, which reads and grades studies for a batch. Hostile files are decoded here: a crash or
/// an exhausted memory limit costs the one study that caused it.
///
/// Requests come as lines of JSON on standard input: {"study_id", "folder", "result_file"}. The worker writes the
/// result file (whole or not at all) and answers one line on descriptor 3: {"graded": true, "read_ms", "levels_ms",
/// "grade_ms", "warnings"} or {"graded": false, "kind", "stage", "reason"}. Its first line is {"ready": true, bundle
/// and device} or
/// {"ready": false, "kind", "reason"}. It ends when its input ends or its parent dies.
int run_worker(const WorkerOptions& options);

}  // namespace lumbargrade
