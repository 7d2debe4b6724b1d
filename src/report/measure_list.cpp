#include "report/measure_list.h"

#include <cmath>
#include <cstdio>

#include "core/error.h"
#include "grades/measured_probabilities.h"

namespace lumbargrade {
namespace {

std::string number(double value, int decimals) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? number(value, 2) : number(value, 1) + " " + unit;
}

/// "below 7.2 mm". No length lies below a cut-point of zero: the measure alone never makes that grade likely.
std::string cut_text(double cut, const std::string& unit) {
  return cut > 0 ? "below " + with_unit(cut, unit) : "at no value by itself";
}

/// What the bundle's model grades by, in its own unit, and the unit.
struct GradedBy {
  Measured measured;
  std::string unit;
};

std::optional<GradedBy> graded_by(const Grade& grade) {
  if (grade.finding.condition == Condition::NeuralForaminalNarrowing) {
    if (!grade.measure_ratio) return std::nullopt;
    return GradedBy{{*grade.measure_ratio, std::nullopt}, ""};
  }
  if (!grade.measure_mm) return std::nullopt;
  Measured measured{*grade.measure_mm, std::nullopt};
  if (grade.measure_ratio && *grade.measure_ratio > 0) measured.reference = *grade.measure_mm / *grade.measure_ratio;
  return GradedBy{measured, "mm"};
}

}  // namespace

std::vector<ReportedMeasure> measures_of(const Grade& grade) {
  std::vector<ReportedMeasure> measures;
  const auto add = [&](const std::optional<double>& value, const char* key, const char* words, const char* unit) {
    if (value && std::isfinite(*value)) measures.push_back({key, words, *value, unit});
  };
  switch (grade.finding.condition) {
    case Condition::SpinalCanalStenosis:
      add(grade.measure_mm, "canal_ap_mm", "antero-posterior diameter of the canal at the disc", "mm");
      add(grade.measure_ratio, "canal_ratio", "its ratio to the diameters between the neighbouring discs", "");
      break;
    case Condition::SubarticularStenosis:
      add(grade.measure_mm, "recess_depth_mm", "depth of the lateral recess", "mm");
      break;
    case Condition::NeuralForaminalNarrowing:
      add(grade.measure_ratio, "foramen_fat_share", "share of fat around the nerve", "");
      break;
  }
  return measures;
}

std::string measure_text(const ReportedMeasure& measure) {
  return with_unit(measure.value, measure.unit);
}

std::vector<std::string> comparison_sentences(const Grade& grade, const MeasureModels& models) {
  const auto by = graded_by(grade);
  const auto& model = models[static_cast<size_t>(grade.finding.condition)];
  if (!by || !model) return {};
  const auto& cuts = model->levels[static_cast<size_t>(index_of(grade.finding.level))];
  std::vector<std::string> sentences;
  sentences.push_back(text("Cut-points at this level: moderate ", cut_text(cuts.moderate_below, by->unit), ", severe ",
                           cut_text(cuts.severe_below, by->unit), "."));
  if (model->reference_exponent != 0 && by->measured.reference && cuts.typical_reference > 0) {
    sentences.push_back(text("Between the discs the canal has ", with_unit(*by->measured.reference, by->unit),
                             " where ", with_unit(cuts.typical_reference, by->unit),
                             " is usual in the reference sample; in a usual canal this diameter would count as ",
                             with_unit(scaled_measure(*model, grade.finding.level, by->measured), by->unit), "."));
  }
  return sentences;
}

}  // namespace lumbargrade
