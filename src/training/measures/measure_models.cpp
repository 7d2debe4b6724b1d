#include "training/measures/measure_models.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/statistics.h"

namespace lumbargrade {
namespace {

/// The fluid ratio is width times brightness; a fourth root of the diameter lets a canal count that is narrow
/// throughout. Exponents are chosen, not fitted: within levels the ratio alone tells SPIDER's bulging and herniated
/// discs best, and the diameter adds nothing there (docs/canal-grade.md).
constexpr double kDiameterExponent = -0.25;  // value * (typical / own) ^ exponent
constexpr double kFluidError = 0.1;          // of the logarithm; assumed: no truth is known
/// Half of the reference within the patient: small recesses throughout are suspicious too.
constexpr double kRecessReferenceExponent = 0.5;
constexpr double kRecessAreaError = 0.2;  // of the logarithm; assumed
constexpr double kRecessAreaWeight = 0.6;
constexpr double kClosedMm2 = 1;  // a closed recess is closed, however little is left

/// How well a small area, relative to the patient's usual one to the power `exponent`, tells grades of `least` or
/// worse; nothing where all or none are.
std::optional<double> recess_area_auc(const std::vector<RecessAreaRow>& rows, Severity least, double exponent) {
  std::vector<double> narrow, open;
  for (const RecessAreaRow& row : rows) {
    const double usual = row.usual_area_mm2 && *row.usual_area_mm2 > 0 ? *row.usual_area_mm2 : 1;
    (row.severity >= least ? narrow : open).push_back(-row.area_mm2 / std::pow(usual, exponent));
  }
  return area_under_roc(narrow, open);
}

size_t patients_of(const std::vector<NamedCanal>& canals) {
  std::set<std::string> patients;
  for (const NamedCanal& canal : canals) patients.insert(canal.patient);
  return patients.size();
}

}  // namespace

MeasureModel fit_fluid_measure(const std::vector<NamedCanal>& canals, size_t fewest) {
  MeasureSample sample;
  for (const NamedCanal& canal : canals) {
    sample[index_of(canal.level)].push_back({canal.fluid_ratio, canal.diameter_mm});
  }
  MeasureAssumptions assumptions = measure_assumptions(Condition::SpinalCanalStenosis, kFluidError, fewest);
  assumptions.reference_exponent = kDiameterExponent;
  MeasureModel model = calibrate_measure(sample, assumptions, "fluid ratios");
  model.source = text("docs/canal-grade.md: fluid ratio times the fourth root of the diameter, ", canals.size(),
                      " canals of ", patients_of(canals),
                      " patients (single T2 slices), cut so that the mean probabilities per level equal the "
                      "challenge's frequencies; no graded image was used");
  return model;
}

ReferenceSample fluid_reference(const std::vector<NamedCanal>& canals) {
  std::array<std::vector<double>, kLevelCount> ratios;
  for (const NamedCanal& canal : canals) ratios[index_of(canal.level)].push_back(canal.fluid_ratio);
  return reference_sample(ratios, text("mid-sagittal T2 slices of ", patients_of(canals), " patients, named by hand"));
}

MeasureModel fit_recess_area_measure(const std::vector<RecessAreaRow>& rows, const std::string& studies,
                                     size_t fewest) {
  MeasureSample sample;
  for (const RecessAreaRow& row : rows) {
    sample[index_of(row.level)].push_back({std::max(row.area_mm2, kClosedMm2), row.usual_area_mm2});
  }
  MeasureAssumptions assumptions = measure_assumptions(Condition::SubarticularStenosis, kRecessAreaError, fewest);
  assumptions.reference_exponent = kRecessReferenceExponent;
  MeasureModel model = calibrate_measure(sample, assumptions, "recess areas");
  model.source = text(
      "area of the sac 4-13 mm beside its middle on axial T2, half relative to the patient's other "
      "recesses, cut on ",
      rows.size(), " recesses of ", studies,
      " so that the mean probabilities per level equal the challenge's frequencies, width from readers' "
      "agreement (kappa .32)");
  model.model_weight = kRecessAreaWeight;
  return model;
}

std::vector<MetricSpec> recess_area_metrics(const std::vector<RecessAreaRow>& rows, const std::string& studies) {
  std::vector<MetricSpec> metrics;
  const auto add = [&](const std::string& name, Severity least, double exponent) {
    const auto auc = recess_area_auc(rows, least, exponent);
    if (!auc) return;
    metrics.push_back({"grading.recess_area_measure", name, to_thousandths(*auc), "1", studies,
                       static_cast<std::int64_t>(rows.size())});
  };
  add("area under the ROC curve of moderate or worse, area alone", Severity::Moderate, 0);
  add("area under the ROC curve of moderate or worse, half relative", Severity::Moderate, kRecessReferenceExponent);
  add("area under the ROC curve of severe, half relative", Severity::Severe, kRecessReferenceExponent);
  return metrics;
}

}  // namespace lumbargrade
