#include "training/segmentation/locator_bundle.h"

#include <torch/types.h>

#include <algorithm>

#include "bundle/bundle_card.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "core/prevalence.h"
#include "core/statistics.h"
#include "core/table.h"
#include "levels/locator_network.h"
#include "levels/network_interface.h"
#include "training/segmentation/measure_fits.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

constexpr int kGoldenRows = 192;
constexpr int kGoldenColumns = 128;
constexpr const char* kIntendedUse =
    "Research use only, not for clinical use. Finds the lumbar discs and the spinal canal on MRI and turns "
    "measures, and networks where there are any, into probabilities of three grades; the source and flags of "
    "each row say what it rests on.";

NetworkSpec locator_spec(const UNetOptions& network) {
  return unet_spec("locator", network, locator_interface(network));
}

GradingSpec prior_grading() {
  GradingSpec grading;
  grading.prior = challenge_prevalence();
  grading.prior_source =
      "class frequencies by level in the training table of the RSNA 2024 lumbar challenge (1,975 studies)";
  return grading;
}

void add_figures(Manifest& manifest, const std::vector<LevelFigure>& unseen) {
  const LocatorFigures figures = summarise(unseen);
  const int64_t studies = figures.studies;
  const auto levels = static_cast<int64_t>(unseen.size());
  manifest.metrics.push_back({"locator", "studies with five names right",
                              to_thousandths(100.0 * figures.studies_all_right / figures.studies), "%", kUnseenSet,
                              studies});
  manifest.metrics.push_back({"locator", "median error of the disc centre",
                              to_thousandths(figures.median_disc_error_mm), "mm", kUnseenSet, levels});
  manifest.metrics.push_back({"locator", "median error of the canal point",
                              to_thousandths(figures.median_canal_point_error_mm), "mm", kUnseenSet, levels});
  const auto canal = canal_metrics(unseen, kUnseenSet);
  manifest.metrics.insert(manifest.metrics.end(), canal.begin(), canal.end());
}

}  // namespace

std::vector<LevelFigure> read_figures(const std::filesystem::path& path) {
  const Table table(path, ErrorKind::Usage,
                    {"study_id", "level", "found", "disc_error_mm", "canal_point_error_mm", "diameter_mm",
                     "true_diameter_mm", "ratio", "true_ratio", "confidence"});
  std::vector<LevelFigure> figures;
  for (const TableRow row : table) {
    LevelFigure figure;
    figure.study_id = row.word("study_id");
    figure.level = row.level();
    figure.found = row.boolean("found");
    figure.disc_error_mm = row.optional_number("disc_error_mm").value_or(0);
    figure.canal_point_error_mm = row.optional_number("canal_point_error_mm");
    figure.diameter_mm = row.optional_number("diameter_mm");
    figure.true_diameter_mm = row.optional_number("true_diameter_mm");
    figure.ratio = row.optional_number("ratio");
    figure.true_ratio = row.optional_number("true_ratio");
    figure.confidence = row.optional_number("confidence").value_or(0);
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
  manifest.grading = prior_grading();

  TrainedNetwork trained;
  trained.spec = locator_spec(network);
  trained.state = state;
  const cv::Mat1f middle = middle_of(example.pixels, kGoldenRows, kGoldenColumns);
  trained.golden_inputs = {{"image", network_input(middle, int64_t{2} << (network.widths.size() - 1)).unsqueeze(0)}};
  write_bundle(folder, std::move(manifest), {trained});
}

}  // namespace lumbargrade
