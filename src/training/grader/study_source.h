#pragma once

#include <filesystem>
#include <string>

#include "pipeline/grade_study.h"
#include "training/grader/training_set.h"

namespace lumbargrade {

/// The studies of a data set as `grade` takes them: the one way from a folder to what its networks are shown, for
/// cutting crops and for grading what was held out.
class StudySource {
 public:
  /// Both are used, not copied.
  StudySource(const TrainingFolder& folder, const Grader& grader) : folder_(folder), grader_(grader) {}

  /// Reads the study with the data set's table of series. Errors as of prepare_study.
  PreparedStudy read(const std::string& study_id) const;

  /// The spine that `grade` hands to its networks. Error (NoUsableStudy) where none is found.
  Spine spine(const PreparedStudy& prepared) const;

  const GradingModel& model() const { return grader_.model; }

 private:
  const TrainingFolder& folder_;
  const Grader& grader_;
};

}  // namespace lumbargrade
