#pragma once

#include <functional>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// Pieces of fitting an ordinal logistic model of one length: P(below a cut) = S((cut - length) / width).

/// The logistic distribution's scale for a standard deviation.
double logistic_scale(double sd);

/// The SD of a normal deviate whose mean absolute value this is.
double sd_of_mean_absolute(double mean_absolute);

/// The cut below which the mean probability over the sample is `share`.
double cut_for_share(const std::vector<double>& lengths_mm, double share, double width_mm);

/// Linearly weighted kappa of two readers who both draw from these probabilities independently of each other.
double agreement_of_two_readers(const std::vector<Probabilities>& predicted);

/// The SD of a reader's threshold, of the measure's logarithm, with which two readers agree to `kappa`.
/// `predicted` gives the probabilities over a sample for the width of a logistic.
double sd_of_readers(const std::function<std::vector<Probabilities>(double width)>& predicted, double kappa);

}  // namespace lumbargrade
