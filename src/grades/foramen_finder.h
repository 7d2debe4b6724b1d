#pragma once

#include <array>
#include <optional>
#include <vector>

#include "bundle/foramen_finder.h"
#include "crops/crop.h"

namespace lumbargrade {

using ForamenLook = std::array<float, ForamenFinder::kWeights>;

/// A place where a foramen may lie.
struct ForamenPlace {
  Vector3 point_patient = Vector3::Zero();
  int slice = 0;         ///< of those looked at, from the middle outwards
  double log_prior = 0;  ///< how near it lies to the usual place of its level
  /// Mean brightness of each cell (ForamenFinder::weights), in standard deviations of the slice's surroundings above
  /// their mean; beyond the last slice it looks as in that slice.
  ForamenLook look{};
};

/// The places within 9 mm of the usual one in the slices within 9.5 mm beside it, in steps of 3 mm. The prior is a
/// normal distribution whose spread is that of the challenge's public points around their mean place (docs/sources.md).
/// None where no slice comes near.
std::vector<ForamenPlace> foramen_places(const std::vector<const Volume*>& sagittal, const CropPlacement& usual);

/// The probability of each place: proportional to exp(log_prior + weights . look).
std::vector<double> place_probabilities(const std::vector<ForamenPlace>& places, const ForamenFinder& finder);

/// The likeliest slice, and in it the mean of the places around the likeliest one. Nothing without places.
std::optional<Vector3> find_foramen(const std::vector<ForamenPlace>& places, const ForamenFinder& finder);

}  // namespace lumbargrade
