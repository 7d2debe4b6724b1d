#pragma once

#include <span>

#include "crops/crop.h"

namespace lumbargrade {

/// A place in a crop; fractions count between the middles of slices and pixels.
struct CropPlace {
  double slice = 0;
  double row = 0;
  double column = 0;
};

/// Whether a crop of so many slices, and pixels along each side, shows the place.
bool shows(int slices, int size_px, const CropPlace& place);

/// Where a crop shows what is sought.
struct ReadPlace {
  CropPlace place;
  double confidence = 0;  ///< probability within a slice and 6 mm of the place
};

/// The place that a map of probabilities tells. `map` holds view.slices x size_px x size_px values that sum to 1. The
/// slice is the mean over the likeliest one and its neighbours, so that an even doubt between two slices lands between
/// them; in the plane it is the mean within 6 mm of the peak (a local soft-argmax).
ReadPlace read_place(std::span<const float> map, const View& view);

/// The patient point at a place of a crop, and, but for slices beyond its ends, the place of a point.
Vector3 patient_point(const Crop& crop, const View& view, const CropPlace& place);
CropPlace crop_place(const Crop& crop, const View& view, const Vector3& point_patient);

}  // namespace lumbargrade
