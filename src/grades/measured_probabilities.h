#pragma once

#include <optional>

#include "bundle/measure_model.h"

namespace lumbargrade {

/// What was measured of one finding, in the unit of its MeasureModel.
struct Measured {
  double value = 0;
  /// Diameter: the same between the neighbouring discs. Fluid ratio: the diameter. Area of a recess: that of the
  /// patient's other recesses.
  std::optional<double> reference;
};

/// value * (typical reference / own reference) ^ exponent: the measure as it would be in an ordinary canal. It grows
/// with the measure and, where the exponent is above 0, with its ratio to the reference; where it is below 0, with the
/// reference. Without a reference above 0 it is the measure itself. The
/// factor is kept within 0.7..1.4, beyond which the reference is a mismeasurement rather than a small or large canal.
double scaled_measure(const MeasureModel& model, Level level, const Measured& measured);

/// The logarithm of a measure; of .001 where it is less.
double log_measure(double measure);

/// Probabilities of the three grades from z = scaled_measure by ordinal logistic regression, with two cut-points per
/// level and one width:
///
///     P(moderate or severe) = S((ln moderate_below - ln z) / width),   P(severe) = S((ln severe_below - ln z) / width)
///
/// with S the logistic function. The logarithm keeps cut-points above 0, so that a measure that goes to nothing is
/// severe at every level. The cut-points differ by level because the thecal sac tapers: at L5/S1 a sac of 7 mm
/// is common and rarely called stenotic. Training's calibration derives all numbers; docs/canal-grade.md says how and
/// why.
Probabilities measured_probabilities(const MeasureModel& model, Level level, const Measured& measured);

}  // namespace lumbargrade
