#include "points/point_finder.h"

#include <torch/types.h>

#include <algorithm>

#include "bundle/bundle.h"
#include "core/error.h"
#include "grades/crop_tensors.h"
#include "network/conv_norm.h"
#include "network/parallel_for.h"
#include "network/point_network.h"
#include "network/precision.h"
#include "points/place_reading.h"
#include "points/point_view.h"

namespace lumbargrade {
namespace {

/// A crop around the usual place of a point.
struct ShownPoint {
  std::optional<FoundPoint>* place;  ///< in the spine
  Crop crop;
  FoundPoint found = {};  ///< what the networks say
};

std::vector<std::optional<Side>> sides_of(Anchor anchor) {
  if (anchor == Anchor::Canal) return {std::nullopt};
  return {Side::Left, Side::Right};
}

std::vector<ShownPoint> shown_points(const Study& study, Spine& spine, const View& view) {
  std::vector<ShownPoint> shown;
  const auto volumes = volumes_of(study, view.series);
  for (auto& frame : spine.levels) {
    if (!frame) continue;
    for (const auto& side : sides_of(view.anchor)) {
      auto crop = cut_crop(volumes, usual_placement(*frame, view.anchor, side, view.mirrored), view);
      if (crop) shown.push_back({&found_point(frame->points, view.anchor, side), std::move(*crop)});
    }
  }
  return shown;
}

TensorMap inputs_of(const std::vector<ShownPoint>& shown, const View& view, const torch::Device& device) {
  std::vector<std::optional<Crop>> crops;
  for (const ShownPoint& point : shown) crops.emplace_back(point.crop);
  TensorMap inputs;
  add_view(inputs, kPointInput, stacked(crops, view), device);
  return inputs;
}

}  // namespace

struct PointFinder::Networks {
  /// One network, with what its answers are divided by.
  struct Member {
    PointNetwork network;
    double temperature = 1;
  };

  /// The networks of one anchor, which look at the same crops.
  struct AnchorNetworks {
    View view;
    std::vector<Member> members;
  };

  std::vector<AnchorNetworks> anchors;
  double least_confidence = 0;
  torch::Device device = torch::kCPU;
  torch::ScalarType precision = torch::kFloat32;

  void add(const BundleNetwork& network) {
    const View view = point_view(network.spec);
    auto group = std::find_if(anchors.begin(), anchors.end(),
                              [&](const AnchorNetworks& own) { return own.view.anchor == view.anchor; });
    if (group == anchors.end()) group = anchors.insert(group, {view, {}});
    if (group->view != view) {
      throw Error(ErrorKind::BundleInvalid,
                  text("the network \"", network.spec.name, "\" finds the same points as another one in other crops; ",
                       "networks of one anchor must have the same input"));
    }
    PointNetwork module(std::dynamic_pointer_cast<PointNetworkImpl>(network.network.module));
    prepare_for_inference(*module);
    module->to(device, precision);
    group->members.push_back({module, network.spec.outputs.front().temperature});
  }

  /// N x slices x rows x columns of probabilities, on the CPU.
  torch::Tensor map_of(const Member& member, const TensorMap& inputs) const {
    const torch::InferenceMode inference;
    PointNetwork network = member.network;  // a handle: forward() changes nothing in evaluation mode
    const torch::Tensor logits =
        network->forward(inputs.at(kPointInput).to(precision), inputs.at(std::string(kPointInput) + ".valid"));
    const torch::Tensor scaled = logits.to(torch::kFloat32).squeeze(1) / member.temperature;
    return torch::softmax(scaled.flatten(1), 1).view_as(scaled).to(torch::kCPU);
  }

  void answer(const AnchorNetworks& anchor, std::vector<ShownPoint>& shown) const {
    const TensorMap inputs = inputs_of(shown, anchor.view, device);
    torch::Tensor sum;
    for (const Member& member : anchor.members) {
      const torch::Tensor map = map_of(member, inputs);
      sum = sum.defined() ? sum + map : map;
    }
    const torch::Tensor mean = (sum / static_cast<double>(anchor.members.size())).contiguous();
    for (size_t k = 0; k < shown.size(); ++k) {
      const torch::Tensor map = mean[static_cast<std::int64_t>(k)];
      const ReadPlace read = read_place({map.data_ptr<float>(), static_cast<size_t>(map.numel())}, anchor.view);
      shown[k].found = {patient_point(shown[k].crop, anchor.view, read.place), read.confidence};
    }
  }
};

PointFinder::PointFinder(const Bundle& bundle, const std::string& device, const std::string& precision)
    : networks_(std::make_shared<Networks>()) {
  networks_->device = torch::Device(device);
  networks_->precision = scalar_type_of(precision, networks_->device);
  if (bundle.manifest.grading.points) networks_->least_confidence = bundle.manifest.grading.points->least_confidence;
  for (const BundleNetwork& network : bundle.networks) {
    if (network.spec.role == kPointsRole) networks_->add(network);
  }
}

bool PointFinder::has_networks() const {
  return !networks_->anchors.empty();
}

void PointFinder::find(const Study& study, Spine& spine) const {
  std::vector<std::vector<ShownPoint>> shown(networks_->anchors.size());
  parallel_for(shown.size(), [&](size_t k) {
    const Networks::AnchorNetworks& anchor = networks_->anchors[k];
    shown[k] = shown_points(study, spine, anchor.view);
    if (!shown[k].empty()) networks_->answer(anchor, shown[k]);
  });
  for (const auto& of_anchor : shown) {
    for (const ShownPoint& point : of_anchor) {
      if (point.found.confidence < networks_->least_confidence) continue;
      *point.place = point.found;
    }
  }
}

}  // namespace lumbargrade
