#include "training/segmentation/canal_bundle.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/kept_networks.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "core/prevalence.h"
#include "levels/canal_outline_network.h"
#include "training/calibration/ordinal_calibration.h"
#include "training/segmentation/locator_bundle.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

constexpr const char* kRole = "canal_outline";
constexpr int kGoldenOutlineRows = 96;
constexpr int kGoldenOutlineColumns = 64;
/// How far the recess's depth is trusted against the prior: it was compared with masks, not with readers' grades.
constexpr double kRecessWeight = 0.6;
/// Agreement of two human readers on the subarticular grade in the challenge (linearly weighted kappa).
constexpr double kReaderKappa = 0.32;

NetworkSpec outline_spec(const UNetOptions& network) {
  NetworkSpec spec = unet_spec(kRole, network, kOutlinePixelMm);
  spec.inputs.front().axes.front().spacing_mm = kOutlineSideMm;
  spec.inputs.front().padding = "edge";
  spec.inputs.front().normalisation = {0, 100};
  spec.outputs = {{"fine", {"canal"}, "sigmoid", 1, 1}};
  return spec;
}

std::vector<MetricSpec> recess_metrics(const std::vector<RecessFigure>& rows) {
  std::vector<MetricSpec> metrics;
  for (const Side side : {Side::Left, Side::Right}) {
    const RecessSummary summary = summarise(rows, side);
    if (summary.count < 2) continue;
    const std::string name(side_name(side));
    const std::string set = "cross-validation by patient on the training studies, against the masks";
    const auto count = static_cast<int64_t>(summary.count);
    metrics.push_back(
        {kRole, "correlation of the " + name + " recess's depth", rounded(summary.correlation), "1", set, count});
    metrics.push_back({kRole, "area under the ROC curve of the narrowest tenth, " + name,
                       rounded(summary.narrowest_tenth_auc), "1", set, count});
  }
  return metrics;
}

/// The subarticular grade from recess depths of patients that the outline had not seen, to the challenge's prevalence.
OrdinalMeasureSpec calibrated_recess(const std::vector<RecessFigure>& rows) {
  OrdinalSample sample;
  OrdinalAssumptions assumptions;
  assumptions.reader_kappa = kReaderKappa;
  for (const RecessFigure& row : rows) {
    sample[static_cast<size_t>(index_of(row.level))].push_back(row.depth_mm);
    assumptions.measuring_error += std::abs(row.depth_mm - row.true_depth_mm) / static_cast<double>(rows.size());
  }
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SubarticularStenosis)];
  const OrdinalModel model = calibrate_ordinal(sample, assumptions, "recess depths");
  OrdinalMeasureSpec spec;
  spec.source =
      text("depth of the canal 6-8 mm to the side of its middle on sagittal slices, ", rows.size(),
           " recesses of patients the outline had not seen; cut-points reproduce the class frequencies of the "
           "RSNA 2024 challenge by level, width from readers' agreement (kappa .32) and a measuring error of ",
           rounded(assumptions.measuring_error), " mm");
  spec.width = model.width;
  spec.model_weight = kRecessWeight;
  for (const Level level : kLevels) {
    const auto at = static_cast<size_t>(index_of(level));
    spec.levels[at] = {model.levels[at].moderate_below, model.levels[at].severe_below};
  }
  return spec;
}

torch::Tensor golden_outline_input(const OutlineInput& example) {
  OutlineInput middle;
  for (size_t channel = 0; channel < example.size(); ++channel) {
    middle[channel] = middle_of(example[channel], kGoldenOutlineRows, kGoldenOutlineColumns);
  }
  return outline_tensor(middle).unsqueeze(0);
}

}  // namespace

void write_canal_bundle(const std::filesystem::path& folder, const UNetOptions& network, const TensorMap& state,
                        const OutlineInput& example, const CanalBundleSources& sources) {
  const Bundle base = load_bundle(sources.base);
  Manifest manifest = base.manifest;
  if (!sources.card.empty()) describe_from_card(manifest, sources.card);
  std::erase_if(manifest.metrics, [](const MetricSpec& metric) {
    return metric.what == "grading.canal_measure" || metric.what == kRole;
  });
  const auto diameters = canal_metrics(sources.unseen.levels);
  const auto recesses = recess_metrics(sources.unseen.recesses);
  manifest.metrics.insert(manifest.metrics.end(), diameters.begin(), diameters.end());
  manifest.metrics.insert(manifest.metrics.end(), recesses.begin(), recesses.end());
  calibrate_canal_measure(manifest.grading, sources.unseen.levels);
  manifest.grading.recess_measure = calibrated_recess(sources.unseen.recesses);

  std::vector<TrainedNetwork> networks = kept_networks(base, {kRole});
  networks.push_back({outline_spec(network), state, {{"image", golden_outline_input(example)}}});
  write_bundle(folder, std::move(manifest), networks);
}

}  // namespace lumbargrade
