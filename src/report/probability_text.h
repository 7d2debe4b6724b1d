#pragma once

#include <array>
#include <string>

#include "core/finding.h"

namespace lumbargrade {

/// The probabilities with six decimals that sum to exactly 1 as printed: units of 1e-6 are handed out by the largest
/// remainder. Throws Error (Failure) when a value is negative or not finite, or all are zero.
std::array<std::string, kSeverityCount> printed_probabilities(const Probabilities& probabilities);

}  // namespace lumbargrade
