#include "grades/network_group.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "grades/crop_tensors.h"
#include "network/conv_norm.h"
#include "network/precision.h"

namespace lumbargrade {
namespace {

constexpr double kRadians = std::numbers::pi / 180;

/// The placement moved and turned in the plane of the view, of the mirrored patient where the transform asks for it.
CropPlacement looked_at(CropPlacement placement, const TtaTransform& transform, SeriesRole series) {
  const bool axial = series == SeriesRole::AxialT2;
  if (transform.mirror) placement.lateral = -placement.lateral;
  Vector3& row = axial ? placement.posterior : placement.up;
  Vector3& column = axial ? placement.lateral : placement.posterior;
  const double row_sign = axial ? 1 : -1;  // sagittal rows go against `up`
  placement.point_patient += row_sign * transform.row_mm * row + transform.column_mm * column;
  const double cosine = std::cos(transform.degrees * kRadians),
               sine = row_sign * std::sin(transform.degrees * kRadians);
  const Vector3 turned_column = cosine * column + sine * row;
  row = cosine * row - sine * column;
  column = turned_column;
  return placement;
}

std::optional<Crop> cut_region(const Study& study, const Spine& spine, const Region& region, const View& view,
                               const TtaTransform& transform) {
  const LevelFrame& frame = *spine.levels[index_of(region.level)];
  const CropPlacement placement = place_crop(frame, view.anchor, region.side, view.mirrored);
  return cut_crop(volumes_of(study, view.series), looked_at(placement, transform, view.series), view);
}

CutView cut_view(const Study& study, const Spine& spine, const std::vector<Region>& regions, const View& view,
                 const TtaTransform& transform) {
  CutView result{view, {}, {}};
  for (const Region& region : regions) result.crops.push_back(cut_region(study, spine, region, view, transform));
  return result;
}

/// What the slices of each view weighed, by region.
std::vector<std::vector<ViewAttention>> attention_of(const TensorMap& weights_by_view,
                                                     const std::vector<const CutView*>& views) {
  std::vector<std::vector<ViewAttention>> attention(views.front()->crops.size());
  if (weights_by_view.empty()) return attention;  // an exported network tells only its answer
  for (const CutView* cut : views) {
    const torch::Tensor weights = weights_by_view.at(cut->view.name).to(torch::kCPU, torch::kFloat64).contiguous();
    for (size_t k = 0; k < cut->crops.size(); ++k) {
      const auto& crop = cut->crops[k];
      if (!crop) continue;
      const double* first = weights[static_cast<std::int64_t>(k)].data_ptr<double>();
      attention[k].push_back(
          {cut->view.name, crop->series_instance_uid, crop->slice_sop_instance_uids, {first, first + crop->slices}});
    }
  }
  return attention;
}

}  // namespace

std::vector<View> grader_views(const NetworkSpec& spec) {
  if (spec.architecture != "grader" && spec.architecture != kExportedArchitecture) {
    throw Error(ErrorKind::BundleInvalid,
                text("the architecture of the network \"", spec.name, "\", which grades, is \"", spec.architecture,
                     "\"; this version runs \"grader\" and \"", kExportedArchitecture, "\""));
  }
  std::vector<View> views;
  for (const InputSpec& input : spec.inputs) views.push_back(view_of(input, spec.name));
  if (const auto unseen = unseen_condition(graded_conditions(spec), views)) {
    throw Error(ErrorKind::BundleInvalid, text("the network \"", spec.name, "\" grades ", grading_role(*unseen),
                                               ", and no input has the anchor ", anchor_name(anchor_of(*unseen))));
  }
  NetworkSpec wanted;
  wanted.inputs = spec.inputs;
  wanted.outputs = outputs_of(graded_conditions(spec));
  for (size_t k = 0; k < std::min(wanted.outputs.size(), spec.outputs.size()); ++k)
    wanted.outputs[k].temperature = spec.outputs[k].temperature;
  const std::string difference = first_difference(wanted, spec);
  if (difference.empty()) return views;
  throw Error(ErrorKind::BundleInvalid, text("the network \"", spec.name, "\", which grades: ", difference));
}

NetworkGroup::NetworkGroup(std::vector<Condition> conditions, const std::string& device, const std::string& precision)
    : conditions_(std::move(conditions)), device_(device), precision_(scalar_type_of(precision, device_)) {}

void NetworkGroup::add(const BundleNetwork& network) {
  const std::vector<View> views = grader_views(network.spec);
  Member member{network.spec, network.network, std::dynamic_pointer_cast<GraderNetworkImpl>(network.network.module),
                views};
  prepare_for_inference(*member.network.module);
  member.network.module->to(device_, precision_);
  members_.push_back(std::move(member));
}

const OutputSpec& NetworkGroup::output_for(size_t member, Condition condition) const {
  const NetworkSpec& spec = members_[member].spec;
  const std::vector<Condition> graded = graded_conditions(spec);
  return spec.outputs[static_cast<size_t>(std::find(graded.begin(), graded.end(), condition) - graded.begin())];
}

TtaTransform NetworkGroup::own_transform(TtaTransform transform) const {
  if (regions_of(conditions_).front().side) transform.mirror = false;
  return transform;
}

LocatedRegions NetworkGroup::located(const Study& study, const Spine& spine) const {
  std::vector<Region> regions;
  for (const Region& region : regions_of(conditions_)) {
    if (spine.levels[index_of(region.level)]) regions.push_back(region);
  }
  return {regions, cut_view(study, spine, regions, members_.front().views.front(), {})};
}

std::vector<size_t> NetworkGroup::regions_for(size_t finding, const LocatedRegions& located) const {
  std::vector<size_t> all, cut;
  for (size_t k = 0; k < located.regions.size(); ++k) {
    if (finding_in(located.regions[k], all_findings()[finding].condition) != finding) continue;
    all.push_back(k);
    if (located.crops.crops[k]) cut.push_back(k);
  }
  return cut.empty() ? all : cut;
}

std::optional<Crop> NetworkGroup::shown_crop(const Study& study, const Spine& spine, const LocatedRegions& located,
                                             size_t region, Condition condition) const {
  const std::vector<View>& views = members_.front().views;
  const auto own =
      std::find_if(views.begin(), views.end(), [&](const View& view) { return view.anchor == anchor_of(condition); });
  if (own == views.begin() || own == views.end()) return located.crops.crops[region];
  auto crop = cut_region(study, spine, located.regions[region], *own, {});
  return crop ? crop : located.crops.crops[region];
}

PreparedTransform NetworkGroup::prepared(const Study& study, const Spine& spine, const LocatedRegions& located,
                                         const std::vector<size_t>& regions, const TtaTransform& transform) const {
  PreparedTransform result;
  if (regions.empty()) return result;
  std::vector<Region> chosen;
  for (const size_t k : regions) chosen.push_back(located.regions[k]);
  if (transform == TtaTransform{}) {
    CutView& cut = result.cut.emplace_back(CutView{located.crops.view, {}, {}});
    for (const size_t k : regions) cut.crops.push_back(located.crops.crops[k]);
  }
  const auto cut_of = [&](const View& view) -> const CutView& {
    const auto is_it = [&](const CutView& cut) { return cut.view == view; };
    auto found = std::find_if(result.cut.begin(), result.cut.end(), is_it);
    if (found == result.cut.end()) found = result.cut.insert(found, cut_view(study, spine, chosen, view, transform));
    if (found->inputs.empty()) {
      add_view(found->inputs, view.name, stacked(found->crops, view), device_, view.normalisation);
      found->inputs[view.name] = found->inputs[view.name].to(precision_);
    }
    return *found;
  };
  for (const Member& member : members_) {
    auto& views = result.views.emplace_back();
    for (const View& view : member.views) views.push_back(&cut_of(view));
  }
  return result;
}

RegionPredictions NetworkGroup::predictions(size_t member, const PreparedTransform& transform) const {
  const torch::InferenceMode inference;
  TensorMap inputs;
  for (const CutView* view : transform.views[member]) inputs.insert(view->inputs.begin(), view->inputs.end());
  const auto& [spec, network, grader, views] = members_[member];
  GraderOutput output;
  TensorMap logits;
  if (grader) {
    output = grader->forward(inputs);  // changes nothing in evaluation mode
    logits = named_outputs(output, grader->options());
  } else {
    logits = network.forward(inputs);
  }
  RegionPredictions predictions = empty_predictions(member);
  for (const OutputSpec& wanted : spec.outputs)
    predictions.logits[wanted.name] = logits.at(wanted.name).to(torch::kCPU, torch::kFloat32) / wanted.temperature;
  predictions.attention = attention_of(output.attention, transform.views[member]);
  return predictions;
}

RegionPredictions NetworkGroup::empty_predictions(size_t member) const {
  RegionPredictions predictions;
  for (const OutputSpec& output : members_[member].spec.outputs)
    predictions.logits[output.name] = torch::zeros({0, kSeverityCount});
  return predictions;
}

}  // namespace lumbargrade
