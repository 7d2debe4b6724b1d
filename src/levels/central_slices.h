#pragma once

#include <vector>

namespace lumbargrade {

/// Where the canal is measured: the slices within this distance of the one that shows most canal, over the whole image
/// and at all levels the same. The definition of SPIDER's canal_measurements.csv, found by comparing it with the masks
/// (r .987; two slices of .9 mm further along it falls to .91-.96).
inline constexpr double kCentralMm = 2.75;

/// The canal is outlined this far above the first disc and below the last one.
inline constexpr double kCanalStripMarginMm = 35;

/// Fractional slice at which the canal's area is largest: the vertex of the parabola through the largest and its
/// neighbours. 0 for an empty list.
double slice_with_most_canal(const std::vector<double>& area_of_slice);

/// Slices of 0..count-1 within kCentralMm of `central`, the nearest first; the nearest in any case.
std::vector<int> central_slices(double central, double step_mm, int count);

}  // namespace lumbargrade
