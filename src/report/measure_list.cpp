#include "report/measure_list.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/number_text.h"
#include "grades/measured_probabilities.h"

namespace lumbargrade {
namespace {

struct MeasureText {
  const char* words;
  const char* unit;
};

const MeasureText& text_of(Measure measure) {
  static constexpr std::array<MeasureText, kMeasureCount> kTexts = {
      {{"antero-posterior diameter of the canal at the disc", "mm"},
       {"its ratio to the diameters between the neighbouring discs", ""},
       {"signal across the canal against that between the discs", ""},
       {"area of the sac on axial T2", "mm2"},
       {"area of the sac beside its middle on axial T2", "mm2"},
       {"depth of the lateral recess", "mm"},
       {"share of fat around the nerve", ""}}};
  return kTexts[index_of(measure)];
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
    const auto& [words, unit] = text_of(measure);
    measures.push_back({std::string(measure_name(measure)), words, measured->value, unit, measured->z, decided});
  }
  return measures;
}

std::string measure_text(double value, std::string_view unit) {
  if (unit == "mm") return fixed_decimals(value, 1) + " mm";
  if (unit == "mm2") return fixed_decimals(value, 0) + " mm\u00b2";
  return fixed_decimals(value, 2);
}

std::vector<std::string> comparison_sentences(const Grade& grade, const MeasureModels& models) {
  if (grade.decided_by.empty() || !grade.measured[grade.decided_by.front()]) return {};
  const Measure measure = grade.decided_by.front();
  const auto& model = models[static_cast<size_t>(measure)];
  if (!model) return {};
  const auto& cuts = model->levels[index_of(grade.finding.level)];
  const auto& [words, unit] = text_of(measure);
  std::vector<std::string> sentences = {text("Cut-points at this level for the ", words, ": moderate below ",
                                             measure_text(cuts.moderate_below, unit), ", severe below ",
                                             measure_text(cuts.severe_below, unit), ".")};
  const Measured measured = as_graded(grade, measure);
  if (model->reference_exponent != 0 && measured.reference && cuts.typical_reference > 0) {
    sentences.push_back(text("Where what it is compared with is ", measure_text(*measured.reference, "mm"),
                             " instead of the usual ", measure_text(cuts.typical_reference, "mm"), ", it counts as ",
                             measure_text(scaled_measure(*model, grade.finding.level, measured), unit), "."));
  }
  return sentences;
}

}  // namespace lumbargrade
