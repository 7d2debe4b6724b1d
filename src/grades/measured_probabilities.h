#pragma once

#include <optional>

#include "bundle/measure_model.h"

namespace lumbargrade {

/// What was measured of one finding, in the unit of its MeasureModel.
struct Measured {
  double value = 0;
  std::optional<double>
      reference;  ///< the same length where it is not narrowed (canal: at the neighbouring mid-bodies)
};

/// value * (typical reference / own reference) ^ exponent: the measure as it would be in an ordinary canal. It grows
/// with the measure and with its ratio to the reference. Without a reference above 0 it is the measure itself. The
/// factor is kept within 0.7..1.4, beyond which the reference is a mismeasurement rather than a small or large canal.
double scaled_measure(const MeasureModel& model, Level level, const Measured& measured);

/// Probabilities of the three grades from z = scaled_measure by ordinal logistic regression, with two cut-points per
/// level and one width:
///
///     P(moderate or severe) = S((moderate_below - z) / width),   P(severe) = S((severe_below - z) / width)
///
/// with S the logistic function. The cut-points differ by level because the thecal sac tapers: at L5/S1 a sac of 7 mm
/// is common and rarely called stenotic. Training's calibration derives all numbers; docs/canal-grade.md says how and
/// why.
Probabilities measured_probabilities(const MeasureModel& model, Level level, const Measured& measured);

}  // namespace lumbargrade
