#pragma once

#include <cmath>

#include "grades/foramen_finder.h"

namespace lumbargrade {

/// Sagittal slices 4.4 mm apart of .6 mm pixels, grey with a pattern, and a bright gap of 6 mm radius in the one slice
/// that is nearest to `gap`; x to the left.
inline Volume volume_with_gap(const Vector3& gap) {
  Volume volume;
  volume.columns = volume.rows = 200;
  volume.slices = 13;
  volume.series_instance_uid = "1.2";
  volume.patient_from_index.linear().col(0) = Vector3(0, 0.6, 0);
  volume.patient_from_index.linear().col(1) = Vector3(0, 0, -0.6);
  volume.patient_from_index.linear().col(2) = Vector3(4.4, 0, 0);
  volume.patient_from_index.translation() = Vector3(-26.4, -60, 60);
  for (int slice = 0; slice < volume.slices; ++slice) {
    const Vector3 first = volume.patient_from_index * Vector3(0, 0, slice);
    volume.sources.push_back({"", std::to_string(slice), slice, first});
    const bool shows_gap = std::abs(first.x() - gap.x()) <= 2.2;
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const Vector3 p = volume.patient_from_index * Vector3(column, row, slice);
        const bool bright = shows_gap && std::hypot(p.y() - gap.y(), p.z() - gap.z()) < 6;
        volume.voxels.push_back(bright ? 900.0F : 200.0F + static_cast<float>((row * 7 + column * 3) % 90));
      }
    }
  }
  return volume;
}

/// Looks for what is bright within 6 mm in its own slice and dark around and beside it.
inline ForamenFinder gap_finder() {
  ForamenFinder finder;
  constexpr int kHalf = ForamenFinder::kCells / 2;
  size_t next = 0;
  for (int slice = 0; slice < ForamenFinder::kSlices; ++slice) {
    for (int row = 0; row < ForamenFinder::kCells; ++row) {
      for (int column = 0; column < ForamenFinder::kCells; ++column) {
        const bool inside = std::hypot(row - kHalf, column - kHalf) * ForamenFinder::kCellMm < 5;
        finder.weights[next++] = slice == 1 ? (inside ? 1 : -0.2) : (inside ? -0.5 : 0);
      }
    }
  }
  return finder;
}

}  // namespace lumbargrade
