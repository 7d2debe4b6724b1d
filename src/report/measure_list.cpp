#include "report/measure_list.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/number_text.h"
#include "grades/measured_probabilities.h"

namespace lumbargrade {
namespace {

std::string with_unit(double value, const std::string& unit) {
  if (unit == "mm") return fixed_decimals(value, 1) + " mm";
  if (unit == "mm2") return fixed_decimals(value, 0) + " mm\u00b2";
  return fixed_decimals(value, 2);
}

std::string unit_of(Measure measure) {
  switch (measure) {
    case Measure::CanalAp:
    case Measure::RecessDepth:
      return "mm";
    case Measure::SacArea:
    case Measure::RecessArea:
      return "mm2";
    case Measure::CanalRatio:
    case Measure::CanalFluidRatio:
    case Measure::ForamenFatShare:
      break;
  }
  return "";
}

std::string words_of(Measure measure) {
  switch (measure) {
    case Measure::CanalAp:
      return "antero-posterior diameter of the canal at the disc";
    case Measure::CanalRatio:
      return "its ratio to the diameters between the neighbouring discs";
    case Measure::CanalFluidRatio:
      return "signal across the canal against that between the discs";
    case Measure::SacArea:
      return "area of the sac on axial T2";
    case Measure::RecessArea:
      return "area of the sac beside its middle on axial T2";
    case Measure::RecessDepth:
      return "depth of the lateral recess";
    case Measure::ForamenFatShare:
      break;
  }
  return "share of fat around the nerve";
}

/// The measure as its model takes it. The reference of a recess's area, which lies in other rows, is left out.
Measured as_graded(const Grade& grade, Measure measure) {
  Measured measured{grade.measured[measure]->value, std::nullopt};
  const auto& diameter = grade.measured[Measure::CanalAp];
  const auto& ratio = grade.measured[Measure::CanalRatio];
  if (measure == Measure::CanalAp && ratio && ratio->value > 0) measured.reference = measured.value / ratio->value;
  if (measure == Measure::CanalFluidRatio && diameter) measured.reference = diameter->value;
  return measured;
}

}  // namespace

std::vector<ReportedMeasure> measures_of(const Grade& grade) {
  std::vector<ReportedMeasure> measures;
  for (const Measure measure : kMeasures) {
    const auto& measured = grade.measured[measure];
    if (!measured || !std::isfinite(measured->value)) continue;
    const bool decided = std::count(grade.decided_by.begin(), grade.decided_by.end(), measure) > 0;
    measures.push_back({std::string(measure_name(measure)), words_of(measure), measured->value, unit_of(measure),
                        measured->z, decided});
  }
  return measures;
}

std::string measure_text(const ReportedMeasure& measure) {
  return with_unit(measure.value, measure.unit);
}

std::vector<std::string> comparison_sentences(const Grade& grade, const MeasureModels& models) {
  if (grade.decided_by.empty() || !grade.measured[grade.decided_by.front()]) return {};
  const Measure measure = grade.decided_by.front();
  const auto& model = models[static_cast<size_t>(measure)];
  if (!model) return {};
  const auto& cuts = model->levels[index_of(grade.finding.level)];
  const std::string unit = unit_of(measure);
  std::vector<std::string> sentences = {text("Cut-points at this level for the ", words_of(measure),
                                             ": moderate below ", with_unit(cuts.moderate_below, unit),
                                             ", severe below ", with_unit(cuts.severe_below, unit), ".")};
  const Measured measured = as_graded(grade, measure);
  if (model->reference_exponent != 0 && measured.reference && cuts.typical_reference > 0) {
    sentences.push_back(text("Where what it is compared with is ", with_unit(*measured.reference, "mm"),
                             " instead of the usual ", with_unit(cuts.typical_reference, "mm"), ", it counts as ",
                             with_unit(scaled_measure(*model, grade.finding.level, measured), unit), "."));
  }
  return sentences;
}

}  // namespace lumbargrade
