#pragma once

#include <array>
#include <vector>

#include "core/prevalence.h"
#include "grades/measured_probabilities.h"
#include "levels/spine.h"

namespace lumbargrade {

/// What is assumed besides the measured canals.
struct CanalAssumptions {
  /// Half way between trusting the diameter (literature cut-offs are in mm) and the ratio (which separates narrowed
  /// from merely small canals).
  double reference_exponent = 0.5;
  /// Mean absolute error of a measured diameter on patients that training never saw.
  double measuring_error_mm = 0.8;
  /// Agreement of two human readers on the canal grade in the challenge (linearly weighted kappa).
  double reader_kappa = 0.70;
  /// Share of each grade by level that the mean probabilities must reproduce.
  std::array<Probabilities, kLevelCount> prevalence{};
};

struct CanalCalibration {
  MeasureModel model;
  double reader_sd_mm = 0;  ///< the spread of a reader's threshold that gives `reader_kappa`
};

/// Measured canals of many patients, by level.
using CanalSample = std::array<std::vector<CanalMeasure>, kLevelCount>;

/// Derives the model from a sample of patients without grades and the prevalence of grades in patients without
/// measurements:
/// 1. the reader's threshold varies by that SD with which two independent readers, applied to the sample, agree to
///    `reader_kappa`;
/// 2. width = logistic scale of the reader's and the measuring variance added;
/// 3. per level, the two cut-points at which the mean probabilities over the sample equal the prevalence.
/// Throws Error (Failure) when a level has fewer than ten measures.
CanalCalibration calibrate_canal(const CanalSample& sample, const CanalAssumptions& assumptions);

}  // namespace lumbargrade
