#include "grades/condition_networks.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "grades/crop_tensors.h"
#include "network/precision.h"

namespace lumbargrade {
namespace {

constexpr double kRadians = std::numbers::pi / 180;
constexpr const char* kOutput = "grade";

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

CutView cut_view(const Study& study, const Spine& spine, const std::vector<size_t>& findings, const View& view,
                 const TtaTransform& transform) {
  CutView result{view, std::vector<std::optional<Crop>>(findings.size()), {}};
  const auto volumes = volumes_of(study, view.series);
  for (size_t k = 0; k < findings.size(); ++k) {
    const Finding& finding = all_findings()[findings[k]];
    const LevelFrame& frame = *spine.levels[index_of(finding.level)];
    const CropPlacement placement = place_crop(frame, view.anchor, finding.side, view.mirrored);
    result.crops[k] = cut_crop(volumes, looked_at(placement, transform, view.series), view);
  }
  return result;
}

/// Zeros of the view's shape where nothing could be cut for any finding.
CropBatch batch_of(const CutView& cut) {
  const bool any = std::any_of(cut.crops.begin(), cut.crops.end(), [](const auto& crop) { return crop.has_value(); });
  if (any) return stacked(cut.crops);
  const auto count = static_cast<std::int64_t>(cut.crops.size());
  return {torch::zeros({count, cut.view.slices, cut.view.size_px, cut.view.size_px}, torch::kUInt8),
          torch::zeros({count, cut.view.slices})};
}

void add_attention(const TensorMap& weights_by_view, const std::vector<const CutView*>& views,
                   std::vector<AttentionMean>& attention) {
  if (weights_by_view.empty()) return;  // an exported network tells only its answer
  for (const CutView* cut : views) {
    const torch::Tensor weights = weights_by_view.at(cut->view.name).to(torch::kCPU, torch::kFloat64).contiguous();
    for (size_t k = 0; k < cut->crops.size(); ++k) {
      const auto& crop = cut->crops[k];
      if (!crop) continue;
      const double* first = weights[static_cast<std::int64_t>(k)].data_ptr<double>();
      attention[k].add(cut->view.name, crop->series_instance_uid, crop->slice_sop_instance_uids,
                       {first, first + crop->slices});
    }
  }
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
  NetworkSpec wanted;
  wanted.inputs = spec.inputs;
  wanted.outputs = {{kOutput, {}, "softmax", spec.outputs.front().temperature, 1}};
  for (int severity = 0; severity < kSeverityCount; ++severity) {
    wanted.outputs.front().classes.emplace_back(severity_key(static_cast<Severity>(severity)));
  }
  const std::string difference = first_difference(wanted, spec);
  if (difference.empty()) return views;
  throw Error(ErrorKind::BundleInvalid, text("the network \"", spec.name, "\", which grades: ", difference));
}

ConditionNetworks::ConditionNetworks(const Bundle& bundle, const ConditionSpec& spec, const std::string& device,
                                     const std::string& precision)
    : spec_(spec), device_(device), precision_(scalar_type_of(precision, device_)) {
  for (const BundleNetwork& network : bundle.networks) {
    if (network.spec.role != grading_role(spec.condition)) continue;
    const std::vector<View> views = grader_views(network.spec);
    Member member{network.spec, network.network, std::dynamic_pointer_cast<GraderNetworkImpl>(network.network.module),
                  views};
    member.network.prepare_for_inference();
    member.network.module->to(device_, precision_);
    members_.push_back(std::move(member));
  }
}

bool ConditionNetworks::has(const std::string& network) const {
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Member& member) { return member.spec.name == network; });
}

std::int64_t ConditionNetworks::features_of(const std::string& network) const {
  for (const Member& member : members_) {
    if (member.spec.name == network) return member.features();
  }
  return 0;
}

TtaTransform ConditionNetworks::own_transform(TtaTransform transform) const {
  if (spec_.condition != Condition::SpinalCanalStenosis) transform.mirror = false;
  return transform;
}

ShownFindings ConditionNetworks::shown(const Study& study, const Spine& spine) const {
  std::vector<size_t> located;
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& finding = all_findings()[k];
    if (finding.condition == spec_.condition && spine.levels[index_of(finding.level)]) {
      located.push_back(k);
    }
  }
  CutView cut = cut_view(study, spine, located, members_.front().views.front(), {});
  ShownFindings shown{{}, {cut.view, {}, {}}};
  for (size_t k = 0; k < located.size(); ++k) {
    if (!cut.crops[k]) continue;
    shown.findings.push_back(located[k]);
    shown.crops.crops.push_back(std::move(cut.crops[k]));
  }
  return shown;
}

PreparedTransform ConditionNetworks::prepared(const Study& study, const Spine& spine, const ShownFindings& shown,
                                              const TtaTransform& transform) const {
  PreparedTransform result;
  if (shown.findings.empty()) return result;
  if (transform == TtaTransform{}) result.cut.push_back(shown.crops);
  const auto cut_of = [&](const View& view) -> const CutView& {
    const auto is_it = [&](const CutView& cut) { return cut.view == view; };
    auto found = std::find_if(result.cut.begin(), result.cut.end(), is_it);
    if (found == result.cut.end()) {
      found = result.cut.insert(found, cut_view(study, spine, shown.findings, view, transform));
    }
    if (found->inputs.empty()) add_inputs(*found);
    return *found;
  };
  for (const Member& member : members_) {
    auto& views = result.views.emplace_back();
    for (const View& view : member.views) views.push_back(&cut_of(view));
  }
  return result;
}

void ConditionNetworks::add_inputs(CutView& cut) const {
  add_view(cut.inputs, cut.view.name, batch_of(cut), device_, cut.view.normalisation);
  cut.inputs[cut.view.name] = cut.inputs[cut.view.name].to(precision_);
}

GraderOutput ConditionNetworks::output(size_t member, const PreparedTransform& transform) const {
  const torch::InferenceMode inference;
  TensorMap inputs;
  for (const CutView* view : transform.views[member]) inputs.insert(view->inputs.begin(), view->inputs.end());
  const auto& [spec, network, grader, views] = members_[member];
  if (grader) return grader->forward(inputs);  // changes nothing in evaluation mode
  const torch::Tensor logits = network.forward(inputs).at(kOutput);
  GraderOutput output;
  output.logits = logits;
  output.features = torch::zeros({logits.size(0), 0});
  return output;
}

std::vector<NetworkPredictions> ConditionNetworks::answers(const ShownFindings& shown,
                                                           const PreparedTransform& transform,
                                                           const std::vector<GraderOutput>& outputs,
                                                           std::vector<AttentionMean>& attention) const {
  if (shown.findings.empty()) return empty_predictions();
  std::vector<NetworkPredictions> answers;
  for (size_t k = 0; k < members_.size(); ++k) {
    const GraderOutput& output = outputs[k];
    add_attention(output.attention, transform.views[k], attention);
    answers.push_back(
        {members_[k].spec.name,
         {shown.findings, output.logits.to(torch::kCPU, torch::kFloat32) / members_[k].spec.outputs.front().temperature,
          output.features.to(torch::kCPU, torch::kFloat32)}});
  }
  return answers;
}

std::vector<NetworkPredictions> ConditionNetworks::empty_predictions() const {
  std::vector<NetworkPredictions> answers;
  for (const Member& member : members_) {
    answers.push_back(
        {member.spec.name, {{}, torch::zeros({0, kSeverityCount}), torch::zeros({0, member.features()})}});
  }
  return answers;
}

}  // namespace lumbargrade
