#pragma once

#include "grades/canal.h"
#include "grades/grade.h"
#include "grades/network_grader.h"
#include "grades/prevalence.h"
#include "grades/recess.h"
#include "levels/spine.h"
#include "study/volume.h"

namespace lumbargrade {

/// How much the networks of one condition count.
struct HeadMix {
  double measure_weight = 0;       ///< share of the measure where there is one
  double model_weight = 1;         ///< against the prior, times the level's confidence
  std::vector<std::string> flags;  ///< for the rows that the networks graded
};

/// All numbers that grading needs; the bundle's manifest carries them.
struct GradingModel {
  CanalModel canal;
  double canal_weight = 1;            ///< lambda in p = (1 - lambda) prior + lambda model, times the level's confidence
  std::optional<RecessModel> recess;  ///< empty: recess depths are not graded
  double recess_weight = 1;           ///< as canal_weight
  Prior prior{};
  std::array<HeadMix, kConditionCount> heads;
};

/// Below this confidence a level's rows carry the flag `level_uncertain`.
inline constexpr double kUncertainBelow = 0.5;

/// Grades the 25 findings of one study.
///
/// What the networks say of a finding and what its measure says (canal: the diameter; recess: the depth) are mixed in
/// the bundle's proportion, then with the prior in proportion to the level's confidence; where there is neither, the
/// prior of the level stands. `sagittal` is the volume in which `spine` was found: `slice` counts in it, and its UIDs
/// go into the rows. Rows are flagged `level_not_found`, `level_uncertain`, `canal_not_measured`,
/// `no_reference_diameter`, and carry the study-wide flags of `spine`.
StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingModel& model,
                           const NetworkGrades& networks = {});

/// The prior for all 25 rows with the flag `reason`: for a study in which nothing could be graded.
StudyGrades prior_grades(const Prior& prior, const std::string& reason);

}  // namespace lumbargrade
