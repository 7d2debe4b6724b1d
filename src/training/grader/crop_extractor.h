#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crops/crop.h"
#include "crops/region.h"
#include "training/grader/grader_data.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/study_source.h"

namespace lumbargrade {

/// The bytes of a crop's record in every view's file.
using CropRecords = std::vector<std::string>;

/// A region with the crops that could be cut. Places in files are filled in when the records are written.
struct CutSample {
  Region region;
  GraderSample sample;
  std::optional<CropRecords> given;      ///< on the data set's points
  std::optional<CropRecords> predicted;  ///< as `grade` cuts it
  /// By view; where there are both points. Views on the same anchor have that of the first one.
  std::vector<std::optional<PointOffset>> offsets;
};

/// What one study gives to every network: each region with a label, with or without crops.
struct CutStudy {
  std::vector<std::vector<CutSample>> networks;
  std::vector<DataProblem> skipped;    ///< findings without the crop that `grade` would cut, or the whole study
  std::vector<DataProblem> misplaced;  ///< coordinates that cannot be used
};

/// Cuts the crops of a study for the networks of a recipe.
class CropExtractor {
 public:
  /// Everything is used, not copied. No coordinates: no given crops.
  CropExtractor(const GraderRecipe& recipe, const StudySource& source, const LabelCoordinates& coordinates)
      : recipe_(recipe), source_(source), coordinates_(coordinates) {}

  /// `labels` may hold none: then every region is cut. A study that cannot be read or located is told in `skipped`; its
  /// regions are there without crops.
  CutStudy operator()(const StudyLabels& labels, int study_index) const;

 private:
  const GraderRecipe& recipe_;
  const StudySource& source_;
  const LabelCoordinates& coordinates_;
};

}  // namespace lumbargrade
