#pragma once

#include <vector>

#include "volume/slice_positions.h"

namespace lumbargrade {

/// Where the canal is measured: the slices within this distance of the one that shows most canal, over the whole image
/// and at all levels the same. The definition of SPIDER's canal_measurements.csv, found by comparing it with the masks
/// (r .987; two slices of .9 mm further along it falls to .91-.96).
inline constexpr double kCentralMm = 2.75;

/// Fractional slice at which the canal's area is largest: the vertex of the parabola through the largest and its
/// neighbours, by where they lie. 0 for an empty list.
double slice_with_most_canal(const std::vector<double>& area_of_slice, const SlicePositions& slices);

/// How likely each slice is one of the central ones, 0..1, as areas drawn by a network tell: a slice with p % less area
/// than the largest has it exp(-p / 2) times as likely. Where several slices show nearly as much canal, the one that a
/// radiologist's outline would single out is not known.
std::vector<double> central_weights(const std::vector<double>& area_of_slice, const SlicePositions& slices);

/// 1 for the central slices around `central`, 0 for the others.
std::vector<double> weights_around(double central, const SlicePositions& slices);

/// Slices within kCentralMm of `central`, the nearest first; the nearest in any case.
std::vector<int> central_slices(double central, const SlicePositions& slices);

}  // namespace lumbargrade
