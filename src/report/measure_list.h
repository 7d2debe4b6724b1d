#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/measure_model.h"
#include "core/measure.h"
#include "grades/grade.h"

namespace lumbargrade {

/// What a bundle grades by.
using MeasureModels = std::array<std::optional<MeasureModel>, kMeasureCount>;  ///< by Measure

/// One measured number of a finding, as every report shows it.
struct ReportedMeasure {
  std::string key;    ///< "canal_ap_mm"
  std::string words;  ///< "antero-posterior diameter of the canal at the disc"
  double value = 0;
  std::string unit;         ///< "mm", "mm2", or empty for a ratio or share
  std::optional<double> z;  ///< standard deviations from the mean of the bundle's reference sample
  bool decided = false;     ///< whether it went into the probabilities
};

/// Everything that was measured of a finding.
std::vector<ReportedMeasure> measures_of(const Grade& grade);

/// A value with the unit of its measure: "11.0 mm", "0.86".
std::string measure_text(double value, std::string_view unit);

/// How the measure compares with the bundle's cut-points and reference at this level, as sentences. Empty where nothing
/// was measured or the bundle does not grade by it.
std::vector<std::string> comparison_sentences(const Grade& grade, const MeasureModels& models);

}  // namespace lumbargrade
