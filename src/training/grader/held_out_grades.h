#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "grades/study_stacking.h"
#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// What `grade` would know of one study that its networks have not seen.
struct HeldOutStudy {
  StudyPredictions networks;  ///< average over members and looks
  std::array<std::optional<MeasuredGrade>, kFindingCount> measured;
  std::array<double, kLevelCount> confidence{};  ///< of the level; 0: not found
};

/// Grades the held-out studies of every fold that runs: read, located and cut as `grade` does it, by all entries of
/// that fold, in all looks, without the second stage. By study; empty where its fold does not run. A
/// study that cannot be read has no answer at all. `pass` names what is kept of finished folds in checkpoint/.
std::vector<std::optional<HeldOutStudy>> grade_held_out(const GraderTrainingOptions& training, const GraderData& data,
                                                        const TrainedEnsemble& graders, const std::string& pass);

}  // namespace lumbargrade
