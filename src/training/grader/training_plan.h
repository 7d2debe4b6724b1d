#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "training/grader/grader_training_options.h"

namespace lumbargrade {

/// One part of a run, and what it is expected to take at most.
struct PlannedPart {
  std::string name;  ///< "crops", "0:1" as --only takes it, "bundle"
  std::string what;
  double seconds = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0;  ///< that stays until the bundle is made
};

struct TrainingPlan {
  std::vector<PlannedPart> parts;  ///< in the order in which one machine does them
  int rounds = 1;                  ///< how often every job is called with --only
  std::vector<std::string> basis;  ///< how the figures came about, a sentence each
};

/// What the run would do, without doing it: a few studies are read and cut, and every network takes one step on noise,
/// on the run's device and threads, and the rest is counted from tables and recipe. Every epoch is counted, whether
/// patience would end before or not. Errors as of load_grader_data.
TrainingPlan plan_training(const GraderTrainingOptions& training);

/// As a table, times in hours and minutes, and the sentences.
std::string plan_text(const TrainingPlan& plan);

}  // namespace lumbargrade
