#pragma once

#include <functional>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// Pieces of fitting an ordinal logistic model of one length: P(below a cut) = S((cut - length) / width).

/// Readers' thresholds are sought between these standard deviations, in the unit of the measure (mm, share).
inline constexpr double kNarrowestSd = 0.01;
inline constexpr double kWidestSd = 8;

/// A level with fewer measures is not fitted.
inline constexpr size_t kFewestMeasures = 10;

/// Root of a function that falls from positive to negative over [low, high].
double root_of_falling(const std::function<double(double)>& f, double low, double high);

/// The logistic distribution's scale for a standard deviation.
double logistic_scale(double sd);

/// The SD of a normal deviate whose mean absolute value this is.
double sd_of_mean_absolute(double mean_absolute);

/// The cut below which the mean probability over the sample is `share`.
double cut_for_share(const std::vector<double>& lengths_mm, double share, double width_mm);

/// Linearly weighted kappa of two readers who both draw from these probabilities independently of each other.
double agreement_of_two_readers(const std::vector<Probabilities>& predicted);

}  // namespace lumbargrade
