#include "training/measures/activation_ranges.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "levels/locate.h"
#include "levels/spine_networks.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {
namespace {

constexpr double kDecimal = 1000;  // ends are rounded to its part

/// Between which values layers' outputs lay.
class SeenValues {
 public:
  /// Refers to this object.
  LayerObserver observer() {
    return [this](const std::string& layer, const torch::Tensor& values) {
      const auto [low, high] = torch::aminmax(values);
      const std::lock_guard lock(mutex_);
      ValueRange& range = ranges_[layer];
      range = {std::min(range.low, rounded(low.item<double>())), std::max(range.high, rounded(high.item<double>()))};
    };
  }
  const ActivationRanges& ranges() const { return ranges_; }

 private:
  static double rounded(double end) { return std::round(end * kDecimal) / kDecimal; }

  std::mutex mutex_;
  ActivationRanges ranges_;
};

/// The bundle's U-Nets in float32, and what their layers gave.
class WatchedNetworks {
 public:
  explicit WatchedNetworks(const Bundle& bundle) {
    networks_.locator = std::make_shared<LocatorNetwork>(watched(bundle, "locator"));
    if (bundle.manifest.network("canal_outline") != nullptr) {
      networks_.outline = std::make_shared<CanalOutlineNetwork>(watched(bundle, "canal_outline"));
    }
  }

  void look_at(const Volume& sagittal) {
    Spine spine = locate_spine(sagittal, *networks_.locator);
    if (const auto outliner = networks_.outliner()) outline_canal(sagittal, *outliner, spine);
  }

  void write(Manifest& manifest) {
    for (auto& [role, seen] : seen_) {
      if (seen.ranges().empty())
        throw Error(ErrorKind::Failure, text("no image showed the network ", role, " a spine"));
      for (NetworkSpec& spec : manifest.networks) {
        if (spec.role == role) spec.activation_ranges = seen.ranges();
      }
    }
  }

 private:
  UNetRunner watched(const Bundle& bundle, const std::string& role) {
    return {unet_of(bundle, role), torch::kCPU, torch::kFloat32, seen_[role].observer()};
  }

  std::map<std::string, SeenValues> seen_;
  SpineNetworks networks_;
};

/// A volume of the slice's canonical pixels.
Volume volume_of(const SliceImage& slice) {
  cv::Mat1b grey;
  slice.pixels.convertTo(grey, CV_8U);
  return single_slice_volume(grey, slice.pixel_mm);
}

}  // namespace

void measure_activation_ranges(const std::filesystem::path& bundle, const std::filesystem::path& data,
                               const std::filesystem::path& unlabelled, Manifest& manifest) {
  WatchedNetworks networks(load_bundle(bundle));
  const LocatorDataset dataset(data);
  const auto images = unlabelled.empty() ? std::vector<UnlabelledImage>{} : load_unlabelled(unlabelled);
  const size_t count = dataset.study_ids().size() + images.size();
  Progress progress("looking at slices", static_cast<int>(count));
  int done = 0, without_spine = 0;
  const auto look_at = [&](const Volume& sagittal, const std::string& name) {
    try {
      networks.look_at(sagittal);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoUsableStudy) throw;
      ++without_spine;  // its layers have been seen
    }
    progress.show(++done, name);
  };
  for (const std::string& id : dataset.study_ids()) look_at(dataset.load(id).volume, id);
  for (const UnlabelledImage& image : images) look_at(volume_of(image.slice), image.file);
  networks.write(manifest);
  log_info(text("ranges of layers from ", count, " studies and images, ", without_spine, " without a spine"));
}

}  // namespace lumbargrade
