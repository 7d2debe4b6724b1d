#pragma once

#include <vector>

#include "volume/slice_positions.h"
#include "volume/slice_sampler.h"
#include "volume/volume.h"

namespace lumbargrade {

/// The values of a volume between its voxels, by trilinear interpolation. Between slices it interpolates by their exact
/// positions, not by the mean step, so gaps and uneven spacing do not shift anything; one missing slice is bridged.
/// Half a slice step beyond the outermost slices their values are repeated. Farther from a slice than that, and beyond
/// the outermost pixels, there is nothing (NaN). The volume must outlive it.
class VolumeSampler {
 public:
  explicit VolumeSampler(const Volume& volume);

  float operator()(const Vector3& point_patient) const;

 private:
  float in_slice(int slice, const Vector3& point_patient) const;

  const Volume& volume_;
  SlicePositions positions_;
  std::vector<SliceSampler> slices_;
};

}  // namespace lumbargrade
