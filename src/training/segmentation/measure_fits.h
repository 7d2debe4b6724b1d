#pragma once

#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "training/calibration/foramen_share.h"
#include "training/calibration/measure_calibration.h"
#include "training/segmentation/canal_evaluation.h"
#include "training/segmentation/locator_evaluation.h"

namespace lumbargrade {

/// What every fit assumes: the challenge's prevalence and the agreement of its readers on the condition (linearly
/// weighted kappa: canal .70, recess .32, foramen .54). `measuring_error` and `fewest`: see MeasureAssumptions.
MeasureAssumptions measure_assumptions(Condition condition, double measuring_error, size_t fewest);

/// Mean, standard deviation and number by level; levels with fewer than two values have none.
ReferenceSample reference_sample(const std::array<std::vector<double>, kLevelCount>& values, const std::string& source);

// The three conditions' measure models from measures of patients that the measuring networks had not seen, to the
// challenge's prevalence. `fewest`: see MeasureAssumptions. Each throws Error (Failure) for too few measures.

/// Canal: diameter and its ratio to the neighbours, mm.
MeasureModel fit_canal_measure(const std::vector<LevelFigure>& unseen, size_t fewest);
/// Subarticular: depth of the recess, mm.
MeasureModel fit_recess_measure(const std::vector<RecessFigure>& unseen, size_t fewest);
/// Foraminal: share of fat at the locator's points; `studies` says whose ("synthetic studies").
MeasureModel fit_foramen_measure(const std::vector<ForamenShare>& shares, const std::string& studies, size_t fewest);

/// What a set of held-out figures is called in a manifest.
inline constexpr const char* kUnseenSet = "cross-validation by patient on the training studies";
inline constexpr const char* kUnseenThickSet =
    "cross-validation by patient on the training studies, slices averaged to 4.5 mm";

/// Figures for a manifest; a figure that is not defined (too few, no spread) is left out.
std::vector<MetricSpec> locator_metrics(const std::vector<LevelFigure>& unseen, const std::string& set);
std::vector<MetricSpec> canal_metrics(const std::vector<LevelFigure>& unseen, const std::string& set);
std::vector<MetricSpec> recess_metrics(const std::vector<RecessFigure>& unseen, const std::string& set);
std::vector<MetricSpec> foramen_metrics(const std::vector<ForamenShare>& shares, const std::string& studies);

}  // namespace lumbargrade
