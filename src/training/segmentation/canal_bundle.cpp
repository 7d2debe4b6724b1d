#include "training/segmentation/canal_bundle.h"

#include <torch/types.h>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/kept_networks.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "levels/canal_outline_network.h"
#include "levels/network_interface.h"
#include "training/segmentation/measure_fits.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

constexpr const char* kRole = "canal_outline";
constexpr int kGoldenOutlineRows = 96;
constexpr int kGoldenOutlineColumns = 64;

NetworkSpec outline_spec(const UNetOptions& network) {
  return unet_spec(kRole, network, canal_outline_interface(network));
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
  const auto diameters = canal_metrics(sources.unseen.levels, kUnseenSet);
  const auto recesses = recess_metrics(sources.unseen.recesses, kUnseenSet);
  manifest.metrics.insert(manifest.metrics.end(), diameters.begin(), diameters.end());
  manifest.metrics.insert(manifest.metrics.end(), recesses.begin(), recesses.end());

  std::vector<TrainedNetwork> networks = kept_networks(base, {kRole});
  networks.push_back({outline_spec(network), state, {{"image", golden_outline_input(example)}}});
  write_bundle(folder, std::move(manifest), networks);
}

}  // namespace lumbargrade
