#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "grades/measured_probabilities.h"

namespace lumbargrade {

/// What is assumed besides the measures.
struct MeasureAssumptions {
  double reference_exponent = 0;  ///< of MeasureModel; 0: there is no reference
  double measuring_error = 0;  ///< mean absolute error of the measure's logarithm on patients that training never saw
  double reader_kappa = 0;     ///< agreement of two human readers in the challenge (linearly weighted kappa)
  std::array<Probabilities, kLevelCount> prevalence{};  ///< which the mean probabilities must reproduce
  size_t fewest = 10;                                   ///< a level with fewer measures (references) is not fitted
};

/// Measures of many patients, by level; of sided findings both sides.
using MeasureSample = std::array<std::vector<Measured>, kLevelCount>;

/// Linearly weighted kappa of two readers who both draw from these probabilities independently of each other.
double agreement_of_two_readers(const std::vector<Probabilities>& predicted);

/// Derives a model from a sample of patients without grades and the prevalence of grades in patients without
/// measurements:
/// 1. the reader's threshold varies by that SD with which two independent readers, applied to the sample, agree to
///    `reader_kappa`;
/// 2. width = logistic scale of the reader's and the measuring variance added;
/// 3. per level, the median reference where there is one, and the two cut-points at which the mean probabilities over
///    the sample equal the prevalence.
/// `source` and `model_weight` are left to the caller. Throws Error (Failure) when a level has fewer than
/// `assumptions.fewest` measures, or references where they count; `what` names them ("recess depths").
MeasureModel calibrate_measure(const MeasureSample& sample, const MeasureAssumptions& assumptions,
                               std::string_view what);

}  // namespace lumbargrade
