#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "levels/spine.h"
#include "training/grader/label_coordinates.h"

namespace lumbargrade {

/// Points of a data set's studies by networks that had not seen them: `out_of_fold_points.csv` of `train points`.
class OutOfFoldPoints {
 public:
  /// Points of less confidence are left out, as in grading. Error (Usage), with the line, for a table that is none.
  OutOfFoldPoints(const std::filesystem::path& path, double least_confidence);

  /// Puts the study's points into its located levels, where the bundle's networks would put theirs.
  void put_into(const Study& study, Spine& spine) const;

 private:
  LabelCoordinates points_;
  double least_confidence_;
  std::map<std::pair<std::string, std::string>, double> confidence_;  ///< by study id and finding key
};

}  // namespace lumbargrade
