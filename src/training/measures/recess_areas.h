#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// The area beside the sac on axial T2 of one recess of a data set, with the data set's grade.
struct RecessAreaRow {
  std::string study_id;
  Level level = Level::L1L2;
  Side side = Side::Left;
  Severity severity{};
  double area_mm2 = 0;
  std::optional<double> usual_area_mm2;  ///< of the patient's recesses
};

/// study_id, level, side, grade (severity_key), area_mm2, usual_area_mm2.
void write_recess_areas(const std::filesystem::path& path, const std::vector<RecessAreaRow>& rows);

/// How well a small area, relative to the patient's usual one to the power `exponent`, tells grades of `least` or
/// worse; NaN where all or none are.
double recess_area_auc(const std::vector<RecessAreaRow>& rows, Severity least, double exponent);

}  // namespace lumbargrade
