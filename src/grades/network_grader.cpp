#include "grades/network_grader.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <list>

#include "bundle/bundle.h"
#include "core/error.h"
#include "crops/crop.h"
#include "grades/crop_tensors.h"
#include "network/grader_network.h"
#include "network/precision.h"
#include "study/parallel.h"

namespace lumbargrade {
namespace {

constexpr double kRadians = 0.017453292519943295;
constexpr const char* kOutput = "grade";

struct Member {
  NetworkSpec spec;
  GraderNetwork network;
  std::vector<View> views;
};

/// The placement moved and turned in the plane of the view, of the mirrored patient where the look asks for it.
CropPlacement looked_at(CropPlacement placement, const LookSpec& look, SeriesRole series) {
  const bool axial = series == SeriesRole::AxialT2;
  if (look.mirror) placement.lateral = -placement.lateral;
  Vector3& row = axial ? placement.posterior : placement.up;
  Vector3& column = axial ? placement.lateral : placement.posterior;
  const double row_sign = axial ? 1 : -1;  // sagittal rows go against `up`
  placement.point_patient += row_sign * look.row_mm * row + look.column_mm * column;
  const double cosine = std::cos(look.degrees * kRadians), sine = row_sign * std::sin(look.degrees * kRadians);
  const Vector3 turned_column = cosine * column + sine * row;
  row = cosine * row - sine * column;
  column = turned_column;
  return placement;
}

/// The looks that differ: sided crops are mirrored onto one side already.
std::vector<LookSpec> distinct_looks(const HeadSpec& head) {
  std::vector<LookSpec> looks;
  for (LookSpec look : head.looks) {
    if (head.condition != Condition::SpinalCanalStenosis) look.mirror = false;
    const bool repeats = std::find(looks.begin(), looks.end(), look) != looks.end();
    if (!repeats) looks.push_back(look);
  }
  return looks;
}

using Findings = std::vector<size_t>;  // indices into all_findings()

/// One view of several findings, as it was cut and as a network takes it.
struct CutView {
  View view;
  std::vector<std::optional<Crop>> crops;
  TensorMap inputs;  ///< made when a network asks for them
};

CutView cut_view(const Study& study, const Spine& spine, const Findings& findings, const View& view,
                 const LookSpec& look) {
  CutView result{view, std::vector<std::optional<Crop>>(findings.size()), {}};
  const auto volumes = volumes_of(study, view.series);
  for_each_index(findings.size(), at::get_num_threads(), [&](size_t k) {
    const Finding& finding = all_findings()[findings[k]];
    const LevelFrame& frame = *spine.levels[static_cast<size_t>(index_of(finding.level))];
    const CropPlacement placement = looked_at(place_crop(frame, view.anchor, finding.side), look, view.series);
    result.crops[k] = cut_crop(volumes, placement, view);
  });
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

/// The findings of a condition that its networks look at in one study, and what they said so far.
struct Look {
  const Study& study;
  const Spine& spine;
  Findings findings;
  torch::Tensor sum;                     ///< N x 3, of probabilities or logits
  std::vector<AttentionMean> attention;  ///< by finding
};

void add_attention(const TensorMap& weights_by_view, const std::vector<const CutView*>& views, Look& look) {
  for (const CutView* cut : views) {
    const torch::Tensor weights = weights_by_view.at(cut->view.name).to(torch::kCPU, torch::kFloat64).contiguous();
    for (size_t k = 0; k < cut->crops.size(); ++k) {
      const auto& crop = cut->crops[k];
      if (!crop) continue;
      const double* first = weights[static_cast<std::int64_t>(k)].data_ptr<double>();
      look.attention[k].add(cut->view.name, crop->series_instance_uid, crop->slice_sop_instance_uids,
                            {first, first + crop->slices});
    }
  }
}

const OutputSpec& grade_output(const NetworkSpec& spec) {
  for (const OutputSpec& output : spec.outputs) {
    if (output.name == kOutput && output.classes.size() == kSeverityCount && output.activation == "softmax") {
      return output;
    }
  }
  throw Error(ErrorKind::BundleInvalid,
              text("the network ", spec.name, " has no output \"grade\": softmax of three classes"));
}

GraderNetwork grader_of(const BundleNetwork& network) {
  auto module = std::dynamic_pointer_cast<GraderNetworkImpl>(network.network.module);
  if (module && module->options().measures == 0) return GraderNetwork(std::move(module));
  throw Error(ErrorKind::BundleInvalid, text("the network ", network.spec.name,
                                             " cannot grade: its architecture must be \"grader\" without "
                                             "measures, it is \"",
                                             network.spec.architecture, "\""));
}

}  // namespace

/// The networks of one condition.
struct NetworkGrader::Members {
  Condition condition{};
  HeadSpec head;
  std::vector<LookSpec> looks;
  std::vector<Member> members;
  torch::Device device{torch::kCPU};
  torch::ScalarType precision{torch::kFloat32};

  Findings findings_of(const Spine& spine) const {
    Findings findings;
    for (size_t k = 0; k < kFindingCount; ++k) {
      const Finding& finding = all_findings()[k];
      if (finding.condition == condition && spine.levels[static_cast<size_t>(index_of(finding.level))]) {
        findings.push_back(k);
      }
    }
    return findings;
  }

  void grade(const Study& study, const Spine& spine, NetworkGrades& grades) const {
    // A finding is graded where the first member's first view shows it.
    Look look{study, spine, findings_of(spine), {}, {}};
    CutView shown = cut_view(study, spine, look.findings, members.front().views.front(), {});
    for (size_t k = look.findings.size(); k-- > 0;) {
      if (shown.crops[k]) continue;
      const auto at = static_cast<std::ptrdiff_t>(k);
      look.findings.erase(look.findings.begin() + at);
      shown.crops.erase(shown.crops.begin() + at);
    }
    if (look.findings.empty()) return;
    const torch::Tensor probabilities = run(look, shown);
    for (size_t k = 0; k < look.findings.size(); ++k) {
      const Crop& crop = *shown.crops[k];
      NetworkGrade grade{
          {}, crop.point_patient, crop.series_instance_uid, crop.sop_instance_uid, look.attention[k].mean()};
      for (size_t c = 0; c < grade.probabilities.size(); ++c) {
        grade.probabilities[c] =
            probabilities[static_cast<std::int64_t>(k)][static_cast<std::int64_t>(c)].item<double>();
      }
      grades[look.findings[k]] = std::move(grade);
    }
  }

 private:
  /// N x 3 probabilities: the mean over members and looks, with the head's temperature. `plain` is what the first view
  /// shows in the plain look.
  torch::Tensor run(Look& look, const CutView& plain) const {
    const bool average_logits = head.combine == "logits";
    look.sum = torch::zeros({static_cast<std::int64_t>(look.findings.size()), kSeverityCount}, torch::kFloat64);
    look.attention.resize(look.findings.size());
    for (const LookSpec& spec : looks) {
      std::list<CutView> cut;  // members mostly share their views
      if (spec == LookSpec{}) cut.push_back(plain);
      for (const Member& member : members) run_member(member, spec, average_logits, cut, look);
    }
    const torch::Tensor mean = look.sum / static_cast<double>(looks.size() * members.size());
    return torch::softmax((average_logits ? mean : mean.clamp_min(1e-12).log()) / head.temperature, 1);
  }

  void run_member(const Member& member, const LookSpec& spec, bool average_logits, std::list<CutView>& cut,
                  Look& look) const {
    TensorMap inputs;
    std::vector<const CutView*> views;
    for (const View& view : member.views) {
      views.push_back(&view_cut(view, spec, look, cut));
      for (const auto& [name, tensor] : views.back()->inputs) inputs[name] = tensor;
    }
    GraderNetwork network = member.network;  // a handle: forward() changes nothing in evaluation mode
    const GraderOutput output = network->forward(inputs);
    const torch::Tensor logits = output.logits.to(torch::kCPU, torch::kFloat64) / grade_output(member.spec).temperature;
    look.sum += average_logits ? logits : torch::softmax(logits, 1);
    add_attention(output.attention, views, look);
  }

  const CutView& view_cut(const View& view, const LookSpec& spec, const Look& look, std::list<CutView>& cut) const {
    auto found = std::find_if(cut.begin(), cut.end(), [&](const CutView& other) { return other.view == view; });
    if (found == cut.end()) {
      found = cut.insert(cut.end(), cut_view(look.study, look.spine, look.findings, view, spec));
    }
    if (found->inputs.empty()) {
      add_view(found->inputs, view.name, batch_of(*found), device);
      found->inputs[view.name] = found->inputs[view.name].to(precision);
    }
    return *found;
  }
};

NetworkGrader::NetworkGrader(const Bundle& bundle, const std::string& device, const std::string& precision) {
  for (const HeadSpec& head : bundle.manifest.grading.heads) {
    auto members = std::make_unique<Members>();
    members->condition = head.condition;
    members->head = head;
    members->looks = distinct_looks(head);
    members->device = torch::Device(device);
    members->precision = scalar_type_of(precision, members->device);
    for (const BundleNetwork& network : bundle.networks) {
      if (network.spec.role != grading_role(head.condition)) continue;
      grade_output(network.spec);
      Member member{network.spec, grader_of(network), {}};
      for (const InputSpec& input : network.spec.inputs) member.views.push_back(view_of(input, network.spec.name));
      member.network->prepare_for_inference();
      member.network->to(members->device, members->precision);
      members->members.push_back(std::move(member));
    }
    conditions_.push_back(std::move(members));
  }
}

NetworkGrader::~NetworkGrader() = default;
NetworkGrader::NetworkGrader(NetworkGrader&&) noexcept = default;
NetworkGrader& NetworkGrader::operator=(NetworkGrader&&) noexcept = default;

bool NetworkGrader::has_networks() const {
  return !conditions_.empty();
}

NetworkGrades NetworkGrader::grade(const Study& study, const Spine& spine) const {
  const torch::InferenceMode inference;
  NetworkGrades grades;
  for (const auto& members : conditions_) members->grade(study, spine, grades);
  return grades;
}

}  // namespace lumbargrade
