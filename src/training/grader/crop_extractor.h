#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "crops/crop.h"
#include "training/grader/grader_data.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/study_source.h"

namespace lumbargrade {

/// The bytes of a crop's record in every view's file.
using CropRecords = std::vector<std::string>;

/// A finding with the crops that could be cut. Places in files are filled in when the records are written.
struct CutFinding {
  GraderSample sample;
  std::optional<CropRecords> given;      ///< on the data set's point
  std::optional<CropRecords> predicted;  ///< as `grade` cuts it
  std::optional<PointOffset> offset;     ///< where there are both points
};

/// What one study gives to every network: each labelled finding, with or without crops.
struct CutStudy {
  std::vector<std::vector<CutFinding>> networks;
  std::vector<DataProblem> skipped;    ///< findings without the crop that `grade` would cut, or the whole study
  std::vector<DataProblem> misplaced;  ///< coordinates that cannot be used
};

/// Cuts the crops of a study for the networks of a recipe.
class CropExtractor {
 public:
  /// Everything is used, not copied. No coordinates: no given crops.
  CropExtractor(const GraderRecipe& recipe, const StudySource& source, const LabelCoordinates& coordinates)
      : recipe_(recipe), source_(source), coordinates_(coordinates) {}

  /// `labels` may hold none: then every finding is cut. A study that cannot be read or located is told in `skipped`;
  /// its findings are there without crops.
  CutStudy operator()(const StudyLabels& labels, int study_index) const;

 private:
  /// The axes in which crops on given points of a level are cut.
  struct GivenFrame {
    LevelFrame frame;
    bool has_canal = false;  ///< else a crop needs a given point of its own
  };
  using GivenFrames = std::array<std::optional<GivenFrame>, kLevelCount>;

  struct LocatedStudy {
    const Study& study;
    Spine spine;
    std::string lost;  ///< why nothing was found; empty where something was
    GivenFrames given;
  };

  LocatedStudy located(const PreparedStudy& prepared) const;
  GivenFrames given_frames(const Study& study, const Spine& spine) const;
  std::optional<Vector3> given_point(const Study& study, const Finding& finding, Anchor anchor) const;
  std::optional<CropRecords> predicted_records(const LocatedStudy& located, const Finding& finding,
                                               const NetworkRecipe& network) const;
  std::optional<CropRecords> given_records(const LocatedStudy& located, const Finding& finding,
                                           const NetworkRecipe& network) const;
  std::optional<PointOffset> offset_of(const LocatedStudy& located, const Finding& finding, const View& view) const;
  CutFinding cut_finding(const LocatedStudy& located, const GraderSample& wanted, const NetworkRecipe& network) const;
  void check_coordinates(const std::vector<GraderSample>& wanted, const Study& study, CutStudy& cut) const;

  const GraderRecipe& recipe_;
  const StudySource& source_;
  const LabelCoordinates& coordinates_;
};

}  // namespace lumbargrade
