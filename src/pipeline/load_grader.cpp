#include "pipeline/load_grader.h"

#include <ATen/Parallel.h>

#include "bundle/bundle.h"
#include "bundle/find_bundle.h"
#include "core/available_cores.h"
#include "levels/canal_outline_network.h"
#include "levels/locate.h"
#include "levels/locator_network.h"
#include "network/precision.h"
#include "pipeline/device.h"

namespace lumbargrade {
namespace {

CanalModel canal_model(const CanalMeasureSpec& spec) {
  CanalModel model;
  model.reference_exponent = spec.reference_exponent;
  model.width_mm = spec.width_mm;
  for (size_t i = 0; i < model.levels.size(); ++i) {
    const auto& cuts = spec.levels[i];
    model.levels[i] = {cuts.moderate_below_mm, cuts.severe_below_mm, cuts.typical_reference_mm};
  }
  return model;
}

OrdinalModel ordinal_model(const OrdinalMeasureSpec& spec) {
  OrdinalModel model;
  model.width = spec.width;
  for (size_t i = 0; i < model.levels.size(); ++i) {
    model.levels[i] = {spec.levels[i].moderate_below, spec.levels[i].severe_below};
  }
  return model;
}

GradingModel grading_model(const GradingSpec& spec) {
  GradingModel model;
  model.canal = canal_model(spec.canal_measure);
  model.canal_weight = spec.canal_measure.model_weight;
  if (spec.recess_measure) {
    model.recess = ordinal_model(*spec.recess_measure);
    model.recess_weight = spec.recess_measure->model_weight;
  }
  if (spec.foramen_measure) {
    model.foramen = ordinal_model(*spec.foramen_measure);
    model.foramen_weight = spec.foramen_measure->model_weight;
  }
  model.prior = spec.prior;
  for (const ConditionSpec& head : spec.heads) {
    model.heads[static_cast<size_t>(head.condition)] = {head.measure_weight, head.model_weight, head.flags};
  }
  return model;
}

LocatorOptions locator_options(const std::string& lowest_disc) {
  LocatorOptions options;
  if (lowest_disc.empty()) return options;
  options.lowest_disc = parse_lowest_disc(lowest_disc);
  if (!options.lowest_disc) {
    throw Error(ErrorKind::Usage,
                text("unknown lowest disc \"", lowest_disc, "\"; --lowest-disc takes L5/S1, L4/L5 or L6/S1"));
  }
  return options;
}

UNet unet_of(const BundleNetwork& network) {
  auto module = std::dynamic_pointer_cast<UNetImpl>(network.network.module);
  if (!module) {
    throw Error(ErrorKind::BundleInvalid, text("the architecture of the network ", network.spec.name, " is \"",
                                               network.spec.architecture, "\"; this version runs \"unet\""));
  }
  return UNet(std::move(module));
}

/// Locates the spine, and outlines the canal where the bundle has a network for that.
std::function<Spine(const Volume&)> locating_with(const Bundle& bundle, const torch::Device& device,
                                                  torch::ScalarType precision, const LocatorOptions& options) {
  const auto locator = std::make_shared<LocatorNetwork>(unet_of(bundle.network("locator")), device, precision);
  if (bundle.manifest.network("canal_outline") == nullptr) {
    return [locator, options](const Volume& sagittal) { return locate_spine(sagittal, *locator, options); };
  }
  const auto outline =
      std::make_shared<CanalOutlineNetwork>(unet_of(bundle.network("canal_outline")), device, precision);
  return [locator, outline, options](const Volume& sagittal) {
    Spine spine = locate_spine(sagittal, *locator, options);
    outline_canal(
        sagittal, [&](const std::vector<OutlineInput>& inputs) { return outline->predict(inputs); },
        outline->multiple_of(), spine);
    return spine;
  };
}

}  // namespace

LoadedGrader load_grader(const GraderOptions& options) {
  const LocatorOptions locating = locator_options(options.lowest_disc);
  LoadedGrader loaded;
  loaded.threads = options.threads > 0 ? options.threads : available_cores();
  at::set_num_threads(loaded.threads);
  loaded.bundle_folder = find_bundle(options.bundle);
  const Bundle bundle = load_bundle(loaded.bundle_folder);
  loaded.bundle_name = bundle.manifest.name;
  loaded.bundle_version = bundle.manifest.version;
  loaded.intended_use = bundle.manifest.intended_use;
  loaded.bundle_sha256 = bundle.sha256;
  loaded.device = ready_device(options.device);
  const torch::Device device(loaded.device);
  const torch::ScalarType precision = scalar_type_of(options.precision, device);
  loaded.grader.model = grading_model(bundle.manifest.grading);
  const auto networks = std::make_shared<NetworkGrader>(bundle, loaded.device, options.precision);
  if (networks->has_networks()) {
    loaded.grader.look = [networks](const Study& study, const Spine& spine) { return networks->grade(study, spine); };
  }
  loaded.grader.locate = locating_with(bundle, device, precision, locating);
  return loaded;
}

}  // namespace lumbargrade
