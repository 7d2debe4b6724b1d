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
  /// The folder is used, not copied. `points`: `out_of_fold_points.csv` of `train points`, of networks that had not
  /// seen the studies; may be empty. They stand in place of those that the bundle's networks would find, but for those
  /// of less confidence than its model asks for. Error (Usage), with the line, for a table that is none.
  StudySource(const TrainingFolder& folder, const Grader& grader, const std::filesystem::path& points = {});

  /// Reads the study with the data set's table of series. `threads`: more where studies are not read side by side.
  /// Errors as of prepare_study.
  PreparedStudy read(const std::string& study_id, int threads = 1) const;

  /// The spine that `grade` hands to its networks, with points that were found out of fold in place of its own. Error
  /// (NoUsableStudy) where none is found.
  Spine spine(const PreparedStudy& prepared) const;

  const GradingSpec& model() const { return grader_.model; }

 private:
  const TrainingFolder& folder_;
  Grader grader_;
};

}  // namespace lumbargrade
