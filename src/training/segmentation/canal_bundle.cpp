#include "training/segmentation/canal_bundle.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "core/prevalence.h"
#include "levels/canal_outline_network.h"
#include "levels/network_interface.h"
#include "network/state.h"
#include "training/calibration/ordinal_calibration.h"
#include "training/segmentation/locator_bundle.h"

namespace lumbargrade {
namespace {

constexpr const char* kRole = "canal_outline";
constexpr double kGoldenTolerance = 1e-3;
constexpr int kGoldenRows = 96;
constexpr int kGoldenColumns = 64;
/// How far the recess's depth is trusted against the prior: it was compared with masks, not with readers' grades.
constexpr double kRecessWeight = 0.6;
/// Agreement of two human readers on the subarticular grade in the challenge (linearly weighted kappa).
constexpr double kReaderKappa = 0.32;

NetworkSpec network_spec(const UNetOptions& network) {
  NetworkSpec spec = canal_outline_interface(network);
  spec.role = kRole;
  spec.architecture = "unet";
  spec.parameters = {{"widths", network.widths},
                     {"fine_classes", network.fine_classes},
                     {"coarse_maps", network.coarse_maps},
                     {"in_channels", network.in_channels}};
  spec.golden.tolerance = kGoldenTolerance;
  return spec;
}

TensorMap golden_inputs_of(const std::filesystem::path& file) {
  constexpr std::string_view kPrefix = "input.";
  TensorMap inputs;
  for (const auto& [name, tensor] : read_safetensors(file)) {
    if (name.starts_with(kPrefix)) inputs.emplace(name.substr(kPrefix.size()), tensor);
  }
  return inputs;
}

/// The base's networks but for an outline, as they are stored.
std::vector<TrainedNetwork> kept_networks(const Bundle& base) {
  std::vector<TrainedNetwork> kept;
  for (const BundleNetwork& network : base.networks) {
    if (network.spec.role == kRole) continue;
    kept.push_back({network.spec, read_safetensors(base.folder / network.spec.weights.file),
                    golden_inputs_of(base.folder / network.spec.golden.tensors.file)});
  }
  return kept;
}

double rounded(double value) {
  return std::round(value * 1000) / 1000;
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
MeasureModel calibrated_recess(const std::vector<RecessFigure>& rows) {
  OrdinalSample sample;
  OrdinalAssumptions assumptions;
  assumptions.reader_kappa = kReaderKappa;
  for (const RecessFigure& row : rows) {
    sample[static_cast<size_t>(index_of(row.level))].push_back(row.depth_mm);
    assumptions.measuring_error += std::abs(row.depth_mm - row.true_depth_mm) / static_cast<double>(rows.size());
  }
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SubarticularStenosis)];
  MeasureModel model = calibrate_ordinal(sample, assumptions, "recess depths");
  model.source =
      text("depth of the canal 6-8 mm to the side of its middle on sagittal slices, ", rows.size(),
           " recesses of patients the outline had not seen; cut-points reproduce the class frequencies of the "
           "RSNA 2024 challenge by level, width from readers' agreement (kappa .32) and a measuring error of ",
           rounded(assumptions.measuring_error), " mm");
  model.model_weight = kRecessWeight;
  return model;
}

/// The middle of the example.
torch::Tensor golden_input(const OutlineInput& example) {
  OutlineInput middle;
  for (size_t channel = 0; channel < example.size(); ++channel) {
    const cv::Mat1f& plane = example[channel];
    middle[channel] =
        plane(cv::Rect((plane.cols - kGoldenColumns) / 2, (plane.rows - kGoldenRows) / 2, kGoldenColumns, kGoldenRows))
            .clone();
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
  manifest.grading.measure(Condition::SubarticularStenosis) = calibrated_recess(sources.unseen.recesses);

  std::vector<TrainedNetwork> networks = kept_networks(base);
  networks.push_back({network_spec(network), state, {{"image", golden_input(example)}}});
  write_bundle(folder, std::move(manifest), networks);
}

}  // namespace lumbargrade
