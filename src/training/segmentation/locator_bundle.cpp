#include "training/segmentation/locator_bundle.h"

#include <torch/torch.h>

#include <algorithm>
#include <charconv>

#include "bundle/bundle_card.h"
#include "bundle/write_bundle.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/prevalence.h"
#include "levels/locator_network.h"
#include "levels/network_interface.h"
#include "training/calibration/canal_calibration.h"

namespace lumbargrade {
namespace {

constexpr double kGoldenTolerance = 1e-3;
constexpr int kGoldenRows = 192;
constexpr int kGoldenColumns = 128;
constexpr const char* kUnseen = "cross-validation by patient on the training studies";
constexpr const char* kIntendedUse =
    "Research use only, not for clinical use. Finds the lumbar discs and the spinal canal on MRI and turns "
    "measures, and networks where there are any, into probabilities of three grades; the source and flags of "
    "each row say what it rests on.";

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

NetworkSpec network_spec(const UNetOptions& network) {
  NetworkSpec spec = locator_interface(network);
  spec.role = "locator";
  spec.architecture = "unet";
  spec.parameters = {
      {"widths", network.widths}, {"fine_classes", network.fine_classes}, {"coarse_maps", network.coarse_maps}};
  spec.golden.tolerance = kGoldenTolerance;
  return spec;
}

CanalSample canal_sample(const std::vector<LevelFigure>& unseen) {
  CanalSample sample;
  for (const LevelFigure& row : unseen) {
    if (!row.diameter_mm) continue;
    CanalMeasure measure{*row.diameter_mm, std::nullopt};
    if (row.ratio && *row.ratio > 0) measure.reference_mm = *row.diameter_mm / *row.ratio;
    sample[static_cast<size_t>(index_of(row.level))].push_back(measure);
  }
  return sample;
}

GradingSpec grading_spec(const std::vector<LevelFigure>& unseen) {
  GradingSpec grading;
  grading.prior = challenge_prevalence();
  grading.prior_source =
      "class frequencies by level in the training table of the RSNA 2024 lumbar challenge (1,975 studies)";
  calibrate_canal_measure(grading, unseen);
  return grading;
}

void add_figures(Manifest& manifest, const std::vector<LevelFigure>& unseen) {
  const LocatorFigures figures = summarise(unseen);
  const int64_t studies = figures.studies;
  const auto levels = static_cast<int64_t>(unseen.size());
  manifest.metrics.push_back({"locator", "studies with five names right",
                              rounded(100.0 * figures.studies_all_right / figures.studies), "%", kUnseen, studies});
  manifest.metrics.push_back(
      {"locator", "median error of the disc centre", rounded(figures.median_disc_error_mm), "mm", kUnseen, levels});
  manifest.metrics.push_back({"locator", "median error of the canal point",
                              rounded(figures.median_canal_point_error_mm), "mm", kUnseen, levels});
  const auto canal = canal_metrics(unseen);
  manifest.metrics.insert(manifest.metrics.end(), canal.begin(), canal.end());
}

/// The middle of a real slice, prepared as at inference.
torch::Tensor golden_input(const SliceImage& example, const UNetOptions& network) {
  const cv::Rect whole(0, 0, example.pixels.cols, example.pixels.rows);
  const cv::Rect middle = cv::Rect((example.pixels.cols - kGoldenColumns) / 2, (example.pixels.rows - kGoldenRows) / 2,
                                   kGoldenColumns, kGoldenRows) &
                          whole;
  return network_input(example.pixels(middle).clone(), int64_t{2} << (network.widths.size() - 1)).unsqueeze(0);
}

std::optional<double> optional_number(const std::string& field) {
  if (field.empty()) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return number;
}

}  // namespace

void calibrate_canal_measure(GradingSpec& grading, const std::vector<LevelFigure>& unseen) {
  CanalAssumptions assumptions;
  assumptions.measuring_error_mm = summarise(unseen).diameter_mean_absolute_error_mm;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SpinalCanalStenosis)];
  const double model_weight = grading.measure(Condition::SpinalCanalStenosis).value_or(MeasureModel()).model_weight;
  MeasureModel model = calibrate_canal(canal_sample(unseen), assumptions).model;
  model.source =
      "docs/canal-grade.md: diameters measured on patients that the measuring networks had not seen, cut so that the "
      "mean probabilities per level equal the challenge's frequencies; no graded image was used";
  model.model_weight = model_weight;
  grading.measure(Condition::SpinalCanalStenosis) = std::move(model);
}

std::vector<MetricSpec> canal_metrics(const std::vector<LevelFigure>& unseen) {
  const LocatorFigures figures = summarise(unseen);
  const auto levels = static_cast<int64_t>(unseen.size());
  return {
      {"grading.canal_measure", "mean absolute error of the diameter", rounded(figures.diameter_mean_absolute_error_mm),
       "mm", kUnseen, levels},
      {"grading.canal_measure", "correlation of the diameter", rounded(figures.diameter_correlation), "1", kUnseen,
       levels},
      {"grading.canal_measure", "correlation of the ratio", rounded(figures.ratio_correlation), "1", kUnseen, levels}};
}

std::vector<LevelFigure> read_figures(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const auto field = [&](size_t row, std::string_view name) -> const std::string& {
    const auto column = table.column(name);
    if (!column) throw Error(ErrorKind::Usage, text(path.string(), " has no column \"", name, "\""));
    return table.rows[row][*column];
  };
  std::vector<LevelFigure> figures;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    LevelFigure figure;
    figure.study_id = field(row, "study_id");
    const auto level = parse_level(field(row, "level"));
    if (!level) throw Error(ErrorKind::Usage, text(path.string(), ", line ", table.lines[row], ": unknown level"));
    figure.level = *level;
    figure.found = field(row, "found") == "1";
    figure.disc_error_mm = optional_number(field(row, "disc_error_mm")).value_or(0);
    figure.canal_point_error_mm = optional_number(field(row, "canal_point_error_mm"));
    figure.diameter_mm = optional_number(field(row, "diameter_mm"));
    figure.true_diameter_mm = optional_number(field(row, "true_diameter_mm"));
    figure.ratio = optional_number(field(row, "ratio"));
    figure.true_ratio = optional_number(field(row, "true_ratio"));
    figure.confidence = optional_number(field(row, "confidence")).value_or(0);
    figures.push_back(std::move(figure));
  }
  return figures;
}

void write_locator_bundle(const std::filesystem::path& folder, const UNetOptions& network, const TensorMap& state,
                          const SliceImage& example, const LocatorBundleSources& sources) {
  Manifest manifest;
  manifest.name = "undescribed";
  manifest.version = "0";
  manifest.licence = "not stated";
  manifest.intended_use = kIntendedUse;
  if (!sources.card.empty()) describe_from_card(manifest, sources.card);
  add_figures(manifest, sources.unseen);
  manifest.grading = grading_spec(sources.unseen);

  TrainedNetwork trained;
  trained.spec = network_spec(network);
  trained.state = state;
  trained.golden_inputs = {{"image", golden_input(example, network)}};
  write_bundle(folder, std::move(manifest), {trained});
}

}  // namespace lumbargrade
