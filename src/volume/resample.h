#pragma once

#include <vector>

#include "volume/volume.h"

namespace lumbargrade {

/// A rectangular grid on any plane in patient space: pixel (column, row) lies at
/// `plane.patient_from_index() * (column, row, 0)`.
struct PlaneGrid {
  ImagePlane plane;
  int columns = 0;
  int rows = 0;
};

/// A plane's worth of values, row by row; NaN where the volume does not reach.
struct PlaneImage {
  int columns = 0;
  int rows = 0;
  std::vector<float> pixels;
};

/// Samples the volume on the grid by trilinear interpolation. Between slices it interpolates by their exact positions,
/// not by the mean step, so gaps and uneven spacing do not shift anything; one missing slice is bridged. Half a slice
/// step beyond the outermost slices their values are repeated. Farther from a slice than that, and beyond the outermost
/// pixels, there is nothing (NaN).
PlaneImage resample(const Volume& volume, const PlaneGrid& grid);

}  // namespace lumbargrade
