#include "training/segmentation/measure_fits.h"

#include <algorithm>
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
constexpr std::array<double, kConditionCount> kKappa = {0.70, 0.54, 0.32};
/// How far the recess's depth is trusted against the prior: r .9 against masks, but on two graded studies its rows lost
/// to the prior (.870 against .814) with a weight of .6.
constexpr double kRecessWeight = 0.4;
/// Two graded studies are all the evidence on patients (AUC .71 and .84): hardly more than the prior.
constexpr double kForamenWeight = 0.3;
constexpr double kShortestMm = 3;
constexpr double kClosedMm = 1;

/// Mean absolute error of a logarithm; lengths below 3 mm count as 3 mm, since errors do not shrink with the length.
class LogError {
 public:
  void add(double found_mm, double true_mm) {
    sum_ += std::abs(std::log(std::max(found_mm, kShortestMm) / std::max(true_mm, kShortestMm)));
    ++count_;
  }
  double mean() const { return count_ > 0 ? sum_ / count_ : 0; }

 private:
  double sum_ = 0, count_ = 0;
};

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

MeasureAssumptions measure_assumptions(Condition condition, double measuring_error, size_t fewest) {
  MeasureAssumptions assumptions;
  assumptions.measuring_error = measuring_error;
  assumptions.reader_kappa = kKappa[index_of(condition)];
  assumptions.prevalence = challenge_prevalence()[index_of(condition)];
  assumptions.fewest = fewest;
  return assumptions;
}

ReferenceSample reference_sample(const std::array<std::vector<double>, kLevelCount>& values,
                                 const std::string& source) {
  ReferenceSample sample{source, {}};
  for (size_t level = 0; level < values.size(); ++level) {
    const auto count = static_cast<double>(values[level].size());
    if (count < 2) continue;
    double sum = 0, squares = 0;
    for (const double value : values[level]) sum += value;
    for (const double value : values[level]) squares += (value - sum / count) * (value - sum / count);
    const double sd = std::sqrt(squares / (count - 1));
    if (sd <= 0) continue;
    sample.levels[level] = MeasureNorm{to_thousandths(sum / count), std::max(0.001, to_thousandths(sd)),
                                       static_cast<std::int64_t>(values[level].size())};
  }
  return sample;
}

MeasureModel fit_canal_measure(const std::vector<LevelFigure>& unseen, size_t fewest) {
  MeasureSample sample;
  LogError error;
  for (const LevelFigure& row : unseen) {
    if (!row.diameter_mm) continue;
    Measured measured{*row.diameter_mm, std::nullopt};
    if (row.ratio && *row.ratio > 0) measured.reference = *row.diameter_mm / *row.ratio;
    sample[index_of(row.level)].push_back(measured);
    if (row.true_diameter_mm) error.add(*row.diameter_mm, *row.true_diameter_mm);
  }
  MeasureAssumptions assumptions = measure_assumptions(Condition::SpinalCanalStenosis, error.mean(), fewest);
  assumptions.reference_exponent = kCanalReferenceExponent;
  MeasureModel model = calibrate_measure(sample, assumptions, "canal measures");
  model.source =
      "docs/canal-grade.md: diameters measured on patients that the measuring networks had not seen, cut so that the "
      "mean probabilities per level equal the challenge's frequencies; no graded image was used; for series on which "
      "the fluid ratio cannot be read";
  return model;
}

MeasureModel fit_recess_measure(const std::vector<RecessFigure>& unseen, size_t fewest) {
  MeasureSample sample;
  LogError error;
  for (const RecessFigure& row : unseen) {
    // A closed recess is closed: how many thousandths of a millimetre are left says nothing of how depths spread.
    sample[index_of(row.level)].push_back({std::max(row.depth_mm, kClosedMm), std::nullopt});
    error.add(row.depth_mm, row.true_depth_mm);
  }
  MeasureModel model = calibrate_measure(
      sample, measure_assumptions(Condition::SubarticularStenosis, error.mean(), fewest), "recess depths");
  model.source =
      text("depth of the canal 6-8 mm to the side of its middle on sagittal slices, ", unseen.size(),
           " recesses of patients the outline had not seen; cut-points reproduce the class frequencies of the "
           "RSNA 2024 challenge by level, width from readers' agreement (kappa .32) and a measuring error of ",
           std::lround(100 * error.mean()), " %; for recesses that no axial T2 shows");
  model.model_weight = kRecessWeight;
  return model;
}

MeasureModel fit_foramen_measure(const std::vector<ForamenShare>& shares, const std::string& studies, size_t fewest) {
  MeasureSample sample;
  for (const ForamenShare& row : shares) {
    sample[index_of(row.level)].push_back({row.share, std::nullopt});
  }
  double share = 0;
  for (const ForamenShare& row : shares) share += row.share / static_cast<double>(shares.size());
  const double error = share > 0 ? foramen_share_error(shares) / share : 0;  // of the logarithm, near the mean
  MeasureModel model =
      calibrate_measure(sample, measure_assumptions(Condition::NeuralForaminalNarrowing, error, fewest), "foramina");
  model.source =
      text("share of fat-bright pixels within 9 mm of the foramen on sagittal T1, cut on ", shares.size(),
           " foramina of ", studies, " so that the mean probabilities per level equal the challenge's frequencies, ",
           "width from readers' agreement (kappa .54)");
  model.model_weight = kForamenWeight;
  return model;
}

std::vector<MetricSpec> locator_metrics(const std::vector<LevelFigure>& unseen, const std::string& set) {
  const LocatorFigures figures = summarise(unseen);
  Metrics metrics("locator", set);
  metrics.add("studies with five names right", 100.0 * figures.studies_all_right / figures.studies, "%",
              static_cast<size_t>(figures.studies));
  metrics.add("median error of the disc centre", figures.median_disc_error_mm, "mm", unseen.size());
  metrics.add("median error of the canal point", figures.median_canal_point_error_mm, "mm", unseen.size());
  return metrics.take();
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
