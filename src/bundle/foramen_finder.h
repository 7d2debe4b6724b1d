#pragma once

#include <array>
#include <string>

namespace lumbargrade {

/// What a foramen looks like on sagittal slices: a weight for the brightness of each cell of a square of 9 x 9 cells of
/// 3 mm around it, in its own slice and the two beside it (grades/foramen_finder.h).
struct ForamenFinder {
  static constexpr int kSlices = 3;
  static constexpr int kCells = 9;  ///< across
  static constexpr double kCellMm = 3;
  static constexpr int kWeights = kSlices * kCells * kCells;

  std::string source;  ///< what it learned from, in a few words
  /// By slice (from the middle outwards to the foramen's side), row (towards the feet) and column (backwards).
  std::array<double, kWeights> weights{};

  bool operator==(const ForamenFinder&) const = default;
};

}  // namespace lumbargrade
