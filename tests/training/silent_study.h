#pragma once

// A study of DICOM files whose headers do not tell T1 from T2, and a stand-in for the locator: for tests in which
// training and grading must see the same.

#include <array>
#include <cmath>
#include <filesystem>
#include <string>

#include "dicom/made_dicom.h"
#include "grades/graded_study.h"
#include "levels/spine.h"

namespace lumbargrade {

inline constexpr std::array<Level, 3> kFoundLevels = {Level::L2L3, Level::L3L4, Level::L4L5};

inline Vector3 canal_of(size_t level) {
  return {1, 10, 26.0 - 30.0 * static_cast<double>(level)};
}

/// Where the stand-in for the locator sees the spine, whatever it is shown.
inline Spine three_levels() {
  Spine spine;
  for (size_t k = 0; k < kFoundLevels.size(); ++k) {
    LevelFrame frame;
    frame.level = kFoundLevels[k];
    frame.canal_patient = canal_of(k);
    frame.centre_patient = canal_of(k) - Vector3(0, 30, 0);
    frame.confidence = 1;
    spine.levels[static_cast<size_t>(index_of(frame.level))] = frame;
  }
  return spine;
}

/// A sagittal series whose headers do not tell its weighting; the canal, behind y = 2 mm, is brighter or darker.
inline void write_silent_series(const std::filesystem::path& study, const std::string& uid, float canal_brightness) {
  const Volume volume = patterned_volume(4.4, 15, uid);
  const Affine& grid = volume.patient_from_index;
  for (int slice = 0; slice < volume.slices; ++slice) {
    MadeImage image;
    image.series_uid = uid;
    image.sop_uid = uid + "." + std::to_string(slice + 1);
    image.description = "sag";
    image.instance_number = slice + 1;
    image.rows = volume.rows;
    image.columns = volume.columns;
    image.plane = {grid * Vector3(0, 0, slice), grid.linear().col(0).normalized(), grid.linear().col(1).normalized(),
                   0.6, 0.6};
    const float* values = volume.slice_data(slice);
    for (int k = 0; k < volume.rows * volume.columns; ++k) {
      const int column = k % volume.columns, row = k / volume.columns;
      const Vector3 point = grid * Vector3(column, row, slice);
      const float brightness = point.y() > 2 ? canal_brightness : 0.F;
      image.pixels.push_back(static_cast<std::uint16_t>(std::lround(values[k] + 200 + brightness)));
    }
    write_image(study / uid / (std::to_string(slice + 1) + ".dcm"), image);
  }
}

}  // namespace lumbargrade
