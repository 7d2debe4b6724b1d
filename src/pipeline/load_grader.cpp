#include "pipeline/load_grader.h"

#include <ATen/Parallel.h>

#include "bundle/bundle.h"
#include "bundle/find_bundle.h"
#include "core/available_cores.h"
#include "core/process_memory.h"
#include "grades/network_group.h"
#include "levels/locate.h"
#include "levels/naming_spec.h"
#include "levels/network_interface.h"
#include "levels/spine_networks.h"
#include "network/plain_errors.h"
#include "network/precision.h"
#include "pipeline/device.h"
#include "pipeline/precision_name.h"
#include "points/point_finder.h"
#include "points/point_view.h"

namespace lumbargrade {
namespace {

/// "canal_outline: SPIDER masks (30 patients)."
std::vector<std::string> training_sentences(const Manifest& manifest) {
  std::vector<std::string> sentences;
  for (const TrainingDataSpec& data : manifest.training_data) {
    sentences.push_back(text(data.used_for, ": ", data.source, " (", data.count, " ", data.unit, ")."));
  }
  return sentences;
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

constexpr const char* kRunning = "a network failed";

/// Locates the spine, and outlines the canal where there is a network for that.
SpineLocator locating_with(const SpineNetworks& networks, const LocatorOptions& options) {
  return [networks, options](const Volume& sagittal) {
    return in_plain_words(ErrorKind::Failure, kRunning, [&] {
      Spine spine = locate_spine(sagittal, *networks.locator, options);
      if (const auto outliner = networks.outliner()) outline_canal(sagittal, *outliner, spine);
      return spine;
    });
  };
}

std::function<SpineMasks(const Volume&, const Spine&)> masking_with(const SpineNetworks& networks) {
  return [networks](const Volume& sagittal, const Spine& spine) {
    return in_plain_words(ErrorKind::Failure, kRunning, [&] {
      const auto maps_of = [&](const std::vector<SliceImage>& slices) { return networks.locator->predict(slices); };
      return mask_spine(sagittal, spine, maps_of, networks.outliner());
    });
  };
}

}  // namespace

void check_runs(const Manifest& manifest, const std::string& file) {
  if (manifest.naming) check_naming(*manifest.naming, file);
  for (const NetworkSpec& network : manifest.networks) {
    check_interface(network, file);
    if (is_grading_role(network.role)) grader_views(network);
    if (network.role == kPointsRole) point_view(network);
  }
}

void use_threads(LoadedGrader& loaded, int threads) {
  loaded.threads = threads > 0 ? threads : available_cores();
  at::set_num_threads(loaded.threads);
}

LoadedGrader load_grader(const GraderOptions& options) {
  LocatorOptions locating = locator_options(options.lowest_disc);
  LoadedGrader loaded;
  use_threads(loaded, options.threads);
  loaded.bundle_folder = find_bundle(options.bundle);
  const Manifest manifest = read_manifest(loaded.bundle_folder);
  check_runs(manifest, (loaded.bundle_folder / kManifestFile).string());
  loaded.device = ready_device(options.device);
  loaded.precision = resolved_precision(options.precision, loaded.device, manifest);
  const Bundle bundle = load_bundle(loaded.bundle_folder, loaded.precision == kInt8);
  if (bundle.manifest.naming) locating.naming = naming_model(*bundle.manifest.naming);
  loaded.bundle_name = bundle.manifest.name;
  loaded.bundle_version = bundle.manifest.version;
  loaded.intended_use = bundle.manifest.intended_use;
  loaded.bundle_sha256 = bundle.sha256;
  loaded.licence = bundle.manifest.licence;
  loaded.learned_from = training_sentences(bundle.manifest);
  const torch::Device device(loaded.device);
  loaded.grader.model = bundle.manifest.grading;
  const auto networks = std::make_shared<NetworkGrader>(bundle, loaded.device, loaded.precision);
  if (networks->has_networks()) {
    loaded.grader.predict = [networks](const Study& study, const Spine& spine) {
      return in_plain_words(ErrorKind::Failure, kRunning, [&] { return networks->grade(study, spine); });
    };
  }
  const auto points = std::make_shared<PointFinder>(bundle, loaded.device, loaded.precision);
  if (points->has_networks()) {
    loaded.grader.find_points = [points](const Study& study, Spine& spine) {
      in_plain_words(ErrorKind::Failure, kRunning, [&] { points->find(study, spine); });
    };
  }
  const SpineNetworks spine = spine_networks(bundle, device, loaded.precision);
  loaded.grader.locate = locating_with(spine, locating);
  loaded.grader.mask = masking_with(spine);
  hand_back_libtorch_pages();
  return loaded;
}

}  // namespace lumbargrade
