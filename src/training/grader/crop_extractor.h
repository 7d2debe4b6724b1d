#pragma once

#include <string>
#include <vector>

#include "pipeline/grade_study.h"
#include "training/grader/grader_data.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/training_set.h"

namespace lumbargrade {

/// A finding that was cut: the bytes of its record in every view's file.
struct CutFinding {
  GraderSample sample;
  std::vector<std::string> records;
};

/// What one study gives to every network.
struct CutStudy {
  std::vector<std::vector<CutFinding>> networks;
  std::vector<DataProblem> skipped;    ///< findings without a crop, or the whole study
  std::vector<DataProblem> misplaced;  ///< coordinates that cannot be used; those crops lie on the locator's points
};

/// Cuts the crops of a study for the networks of a recipe.
class CropExtractor {
 public:
  /// Everything is used, not copied.
  CropExtractor(const GraderRecipe& recipe, const GraderDataOptions& options, const TrainingFolder& folder,
                const Grader& grader, const LabelCoordinates& coordinates)
      : recipe_(recipe), options_(options), folder_(folder), grader_(grader), coordinates_(coordinates) {}

  /// `labels` may hold none: then every finding is cut. A study that cannot be read or located is told in `skipped`.
  CutStudy operator()(const StudyLabels& labels, int study_index) const;

 private:
  PreparedStudy prepare(const std::string& study_id) const;
  Spine located(const PreparedStudy& prepared) const;
  CropPlacement placement_of(const Study& study, const LevelFrame& frame, const Finding& finding,
                             const View& view) const;
  std::optional<MeasuredGrade> measured(const Finding& finding, const StudyMeasures& measures,
                                        const LevelFrame& frame) const;
  void cut_network(size_t network, const std::vector<GraderSample>& wanted, const Study& study, const Spine& spine,
                   CutStudy& cut) const;
  void check_coordinates(const std::vector<GraderSample>& wanted, const Study& study, CutStudy& cut) const;

  const GraderRecipe& recipe_;
  const GraderDataOptions& options_;
  const TrainingFolder& folder_;
  const Grader& grader_;
  const LabelCoordinates& coordinates_;
};

}  // namespace lumbargrade
