#pragma once

#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "volume/grid.h"

namespace lumbargrade {

/// Where one slice of a volume came from.
struct SliceSource {
  std::string file;
  std::string sop_instance_uid;
  int instance_number = 0;
  Vector3 position_patient = Vector3::Zero();  ///< centre of the slice's first pixel
  std::string sop_class_uid{};
  int frame = 0;  ///< of a multi-frame image, from 1; 0: the instance holds one image
};

/// A stack of parallel slices: one sagittal series, or one block of an axial series.
///
/// Voxels are stored slice by slice, row by row; index (column, row, slice) is at
/// `(slice * rows + row) * columns + column`. Values are in the modality's units.
struct Volume {
  int columns = 0;
  int rows = 0;
  int slices = 0;
  std::vector<float> voxels;
  /// Maps (column, row, slice) to patient space; the slice step is the mean between neighbours that miss no slice.
  /// Exact in the slices' plane alone: where a slice lies, slice_position_patient tells.
  Affine patient_from_index = Affine::Identity();
  std::vector<SliceSource> sources;  ///< one per slice
  std::string series_instance_uid;
  MemoryShare memory;  ///< of the voxels

  /// Centre of a slice's first pixel, by the slice's own position.
  Vector3 slice_position_patient(int slice) const {
    const auto at = static_cast<size_t>(slice);
    return at < sources.size() ? sources[at].position_patient : Vector3(patient_from_index * Vector3(0, 0, slice));
  }

  const float* slice_data(int slice) const {
    return voxels.data() + static_cast<size_t>(slice) * static_cast<size_t>(rows) * static_cast<size_t>(columns);
  }
};

}  // namespace lumbargrade
