#include "training/segmentation/canal_bundle.h"

#include <torch/torch.h>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "levels/canal_outline_network.h"
#include "network/state.h"
#include "training/calibration/measure_fits.h"

namespace lumbargrade {
namespace {

constexpr const char* kRole = "canal_outline";
constexpr double kGoldenTolerance = 1e-3;
constexpr int kGoldenRows = 96;
constexpr int kGoldenColumns = 64;

AxisSpec image_axis(const std::string& name, const std::string& towards, int64_t multiple_of) {
  AxisSpec axis;
  axis.name = name;
  axis.multiple_of = multiple_of;
  axis.spacing_mm = kOutlinePixelMm;
  axis.towards = towards;
  return axis;
}

NetworkSpec network_spec(const UNetOptions& network) {
  AxisSpec channel;
  channel.name = "channel";
  channel.size = network.in_channels;
  channel.spacing_mm = kOutlineSideMm;
  const int64_t multiple_of = int64_t{2} << (network.widths.size() - 1);
  NetworkSpec spec;
  spec.role = kRole;
  spec.architecture = "unet";
  spec.parameters = {{"widths", network.widths},
                     {"fine_classes", network.fine_classes},
                     {"coarse_maps", network.coarse_maps},
                     {"in_channels", network.in_channels}};
  spec.inputs = {{"image",
                  {"sagittal_t2", "sagittal_t1"},
                  {channel, image_axis("row", "feet", multiple_of), image_axis("column", "posterior", multiple_of)},
                  "linear",
                  "edge",
                  {0, 100}}};
  spec.outputs = {{"fine", {"canal"}, "sigmoid", 1, 1}};
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
  const auto diameters = canal_metrics(sources.unseen.levels, kUnseenSet);
  const auto recesses = recess_metrics(sources.unseen.recesses, kUnseenSet);
  manifest.metrics.insert(manifest.metrics.end(), diameters.begin(), diameters.end());
  manifest.metrics.insert(manifest.metrics.end(), recesses.begin(), recesses.end());

  std::vector<TrainedNetwork> networks = kept_networks(base);
  networks.push_back({network_spec(network), state, {{"image", golden_input(example)}}});
  write_bundle(folder, std::move(manifest), networks);
}

}  // namespace lumbargrade
