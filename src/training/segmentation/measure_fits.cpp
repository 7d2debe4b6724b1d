#include "training/segmentation/measure_fits.h"

#include <cmath>

#include "core/error.h"
#include "core/prevalence.h"
#include "core/statistics.h"
#include "training/calibration/measure_calibration.h"

namespace lumbargrade {
namespace {

/// Half way between trusting the diameter (literature cut-offs are in mm) and the ratio (which separates narrowed from
/// merely small canals).
constexpr double kCanalReferenceExponent = 0.5;
/// Agreement of two human readers in the challenge (linearly weighted kappa), by condition.
constexpr double kCanalKappa = 0.70;
constexpr double kRecessKappa = 0.32;
constexpr double kForamenKappa = 0.54;
/// How far the recess's depth is trusted against the prior: it was compared with masks, not with readers' grades.
constexpr double kRecessWeight = 0.6;
/// Two graded studies are all the evidence on patients (AUC .71 and .84): hardly more than the prior.
constexpr double kForamenWeight = 0.3;

MeasureAssumptions assumptions_for(Condition condition, double kappa, double measuring_error, size_t fewest) {
  MeasureAssumptions assumptions;
  assumptions.measuring_error = measuring_error;
  assumptions.reader_kappa = kappa;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(condition)];
  assumptions.fewest = fewest;
  return assumptions;
}

double mean_depth_error_mm(const std::vector<RecessFigure>& rows) {
  double sum = 0;
  for (const RecessFigure& row : rows) sum += std::abs(row.depth_mm - row.true_depth_mm);
  return sum / static_cast<double>(rows.size());
}

/// Collects figures that are defined.
class Metrics {
 public:
  Metrics(std::string what, std::string set) : what_(std::move(what)), set_(std::move(set)) {}

  void add(const std::string& name, double value, const std::string& unit, size_t count) {
    if (!std::isfinite(value)) return;
    metrics_.push_back({what_, name, to_thousandths(value), unit, set_, static_cast<std::int64_t>(count)});
  }
  std::vector<MetricSpec> take() { return std::move(metrics_); }

 private:
  std::string what_;
  std::string set_;
  std::vector<MetricSpec> metrics_;
};

}  // namespace

MeasureModel fit_canal_measure(const std::vector<LevelFigure>& unseen, size_t fewest) {
  MeasureSample sample;
  for (const LevelFigure& row : unseen) {
    if (!row.diameter_mm) continue;
    Measured measured{*row.diameter_mm, std::nullopt};
    if (row.ratio && *row.ratio > 0) measured.reference = *row.diameter_mm / *row.ratio;
    sample[index_of(row.level)].push_back(measured);
  }
  MeasureAssumptions assumptions = assumptions_for(Condition::SpinalCanalStenosis, kCanalKappa,
                                                   summarise(unseen).diameter_mean_absolute_error_mm, fewest);
  assumptions.reference_exponent = kCanalReferenceExponent;
  MeasureModel model = calibrate_measure(sample, assumptions, "canal measures");
  model.source =
      "docs/canal-grade.md: diameters measured on patients that the measuring networks had not seen, cut so that the "
      "mean probabilities per level equal the challenge's frequencies; no graded image was used";
  return model;
}

MeasureModel fit_recess_measure(const std::vector<RecessFigure>& unseen, size_t fewest) {
  MeasureSample sample;
  for (const RecessFigure& row : unseen) {
    sample[index_of(row.level)].push_back({row.depth_mm, std::nullopt});
  }
  const double error_mm = mean_depth_error_mm(unseen);
  MeasureModel model = calibrate_measure(
      sample, assumptions_for(Condition::SubarticularStenosis, kRecessKappa, error_mm, fewest), "recess depths");
  model.source =
      text("depth of the canal 6-8 mm to the side of its middle on sagittal slices, ", unseen.size(),
           " recesses of patients the outline had not seen; cut-points reproduce the class frequencies of the "
           "RSNA 2024 challenge by level, width from readers' agreement (kappa .32) and a measuring error of ",
           to_thousandths(error_mm), " mm");
  model.model_weight = kRecessWeight;
  return model;
}

MeasureModel fit_foramen_measure(const std::vector<ForamenShare>& shares, const std::string& studies, size_t fewest) {
  MeasureSample sample;
  for (const ForamenShare& row : shares) {
    sample[index_of(row.level)].push_back({row.share, std::nullopt});
  }
  MeasureModel model = calibrate_measure(
      sample, assumptions_for(Condition::NeuralForaminalNarrowing, kForamenKappa, foramen_share_error(shares), fewest),
      "foramina");
  model.source =
      text("share of fat-bright pixels within 9 mm of the foramen on sagittal T1, cut on ", shares.size(),
           " foramina of ", studies, " so that the mean probabilities per level equal the challenge's frequencies, ",
           "width from readers' agreement (kappa .54)");
  model.model_weight = kForamenWeight;
  return model;
}

std::vector<MetricSpec> canal_metrics(const std::vector<LevelFigure>& unseen, const std::string& set) {
  const LocatorFigures figures = summarise(unseen);
  Metrics metrics("grading.canal_measure", set);
  metrics.add("mean absolute error of the diameter", figures.diameter_mean_absolute_error_mm, "mm", unseen.size());
  metrics.add("correlation of the diameter", figures.diameter_correlation, "1", unseen.size());
  metrics.add("correlation of the ratio", figures.ratio_correlation, "1", unseen.size());
  metrics.add("median error of the canal point", figures.median_canal_point_error_mm, "mm", unseen.size());
  return metrics.take();
}

std::vector<MetricSpec> recess_metrics(const std::vector<RecessFigure>& unseen, const std::string& set) {
  Metrics metrics("canal_outline", set + ", against the masks");
  for (const Side side : {Side::Left, Side::Right}) {
    const RecessSummary summary = summarise(unseen, side);
    const std::string name(side_name(side));
    metrics.add("correlation of the " + name + " recess's depth", summary.correlation, "1", summary.count);
    metrics.add("mean absolute error of the " + name + " recess's depth", summary.mean_absolute_error_mm, "mm",
                summary.count);
    metrics.add("area under the ROC curve of the narrowest tenth, " + name, summary.narrowest_tenth_auc, "1",
                summary.count);
  }
  return metrics.take();
}

std::vector<MetricSpec> foramen_metrics(const std::vector<ForamenShare>& shares, const std::string& studies) {
  Metrics metrics("grading.foramen_measure", studies);
  const auto add = [&](const std::string& points, double ForamenShare::*share) {
    metrics.add("area under the ROC curve of moderate or worse, " + points,
                foramen_share_auc(shares, Severity::Moderate, share), "1", shares.size());
    metrics.add("area under the ROC curve of severe, " + points, foramen_share_auc(shares, Severity::Severe, share),
                "1", shares.size());
  };
  add("locator's points", &ForamenShare::share);
  add("the data set's points", &ForamenShare::share_at_point);
  metrics.add("mean absolute change of the share by the locator's points", foramen_share_error(shares), "1",
              shares.size());
  return metrics.take();
}

}  // namespace lumbargrade
