#pragma once

#include "bundle/manifest.h"
#include "core/prevalence.h"
#include "grades/axial_sac.h"
#include "grades/foramen.h"
#include "grades/grade.h"
#include "grades/measured_probabilities.h"
#include "grades/network_grader.h"
#include "levels/spine.h"
#include "volume/volume.h"

namespace lumbargrade {

/// Below this confidence a level's rows carry the flag `level_uncertain`.
inline constexpr double kUncertainBelow = 0.5;

/// What was measured in a study besides its spine.
struct StudyMeasures {
  ForamenMeasures foramina;
  AxialMeasures axial;
};

/// Measures foramina, found by `finder` where there is one, and, on axial T2, sac and recesses.
StudyMeasures measure_study(const Study& study, const Spine& spine, const std::optional<ForamenFinder>& finder);

/// All measures of one finding, with what each is relative to.
using FindingMeasures = std::array<std::optional<Measured>, kMeasureCount>;

FindingMeasures finding_measures(const Finding& finding, const LevelFrame& frame, const StudyMeasures& measures);

/// What was measured of a finding, as probabilities.
struct MeasuredGrade {
  Probabilities probabilities{};
  double weight = 1;                   ///< lambda against the prior
  Measure measure = Measure::CanalAp;  ///< the one that decided
};

/// What the first measure of the condition (kMeasureKeys) that is there and that the model knows says. Nothing where
/// there is none.
std::optional<MeasuredGrade> measured_grade(const Finding& finding, const FindingMeasures& measures,
                                            const GradingSpec& model);

/// How much each of what looked at a finding counts, and the prior, in proportion to `confidence` (0..1), that of the
/// level. Their mixture is
///
///     network' = (1 - model_weight) prior + model_weight network
///     measure' = (1 - weight) prior + weight measure
///     p        = (1 - measure_weight) network' + measure_weight measure'   where there are both
std::vector<Contribution> contributions(const std::optional<Probabilities>& network,
                                        const std::optional<MeasuredGrade>& measured, const ConditionSpec& mix,
                                        const Probabilities& prior, double confidence);

/// Grades the 25 findings of one study.
///
/// What the networks say of a finding and what its measure says are mixed with each other and with the prior
/// (contributions); where there is neither, the prior of the level stands. `sagittal` is the volume in which `spine`
/// was found: `slice` counts in it, and its UIDs go into the rows. Rows are flagged `level_not_found`,
/// `level_uncertain`, `canal_not_measured`, `no_reference_diameter`, `contradicts_level_prior` (contradicts_prior), and
/// carry the study-wide flags of `spine`.
StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingSpec& model,
                           const NetworkGrades& networks = {}, const StudyMeasures& measures = {});

/// Whether a measure, as it is or scaled by its reference, lies below the mean of the other levels' cut-points while
/// the level's own call it normal: it is narrow, and only the level's frequencies speak against a narrowing. As it is,
/// too: a sac of 5.9 mm is narrow, though it tapers and its reference at L5/S1 is small.
bool contradicts_prior(const MeasureModel& model, Level level, const Measured& measured);

/// The prior for all 25 rows with the flag `reason`: for a study in which nothing could be graded.
StudyGrades prior_grades(const PriorTable& prior, const std::string& reason);

}  // namespace lumbargrade
