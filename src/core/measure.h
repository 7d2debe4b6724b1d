#pragma once

#include <array>
#include <string_view>

#include "core/finding.h"

namespace lumbargrade {

/// Everything that may be measured of a finding: one column of grades.csv each.
enum class Measure {
  CanalAp,          ///< antero-posterior diameter of the canal at the disc on sagittal slices, mm
  CanalRatio,       ///< that diameter over the one between the neighbouring discs
  CanalFluidRatio,  ///< signal across the canal at the disc over that between the neighbouring discs, T2
  SacArea,          ///< of the thecal sac at the disc, axial T2, mm^2
  RecessArea,       ///< of the sac 4-13 mm beside its middle, axial T2, mm^2
  RecessDepth,      ///< antero-posterior extent of the canal beside its middle on sagittal slices, mm
  ForamenFatShare,  ///< of the pixels around the nerve, those as bright as fat, sagittal T1
};

inline constexpr int kMeasureCount = 7;
inline constexpr std::array kMeasures = {Measure::CanalAp,        Measure::CanalRatio, Measure::CanalFluidRatio,
                                         Measure::SacArea,        Measure::RecessArea, Measure::RecessDepth,
                                         Measure::ForamenFatShare};

/// Its column: "canal_ap_mm", "canal_ratio", "canal_fluid_ratio", "sac_area_mm2", "recess_area_mm2", "recess_depth_mm",
/// "foramen_fat_share".
inline std::string_view measure_name(Measure measure) {
  static constexpr std::array<std::string_view, kMeasureCount> kNames = {
      "canal_ap_mm",     "canal_ratio",     "canal_fluid_ratio", "sac_area_mm2",
      "recess_area_mm2", "recess_depth_mm", "foramen_fat_share"};
  return kNames[index_of(measure)];
}

}  // namespace lumbargrade
