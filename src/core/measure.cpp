#include "core/measure.h"

namespace lumbargrade {

std::string_view measure_name(Measure measure) {
  static constexpr std::array<std::string_view, kMeasureCount> kNames = {
      "canal_ap_mm",     "canal_ratio",     "canal_fluid_ratio", "sac_area_mm2",
      "recess_area_mm2", "recess_depth_mm", "foramen_fat_share"};
  return kNames[index_of(measure)];
}

}  // namespace lumbargrade
