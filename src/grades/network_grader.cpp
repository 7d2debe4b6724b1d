#include "grades/network_grader.h"

#include <torch/torch.h>

#include <cmath>

#include "bundle/bundle.h"
#include "core/error.h"
#include "crops/crop.h"
#include "grades/crop_tensors.h"
#include "study/parallel.h"

namespace lumbargrade {
namespace {

constexpr double kRadians = 0.017453292519943295;
constexpr const char* kOutput = "grade";

struct Member {
  BundleNetwork network;
  std::vector<View> views;
};

/// The placement moved and turned in the plane of the view.
CropPlacement looked_at(CropPlacement placement, const LookSpec& look, SeriesRole series) {
  const bool axial = series == SeriesRole::AxialT2;
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

void reverse_slices(CropBatch& batch) {
  batch.pixels = batch.pixels.flip({1});
  batch.valid = batch.valid.flip({1});
}

/// One view of several findings.
struct ViewCrops {
  View view;
  std::vector<std::optional<Crop>> crops;

  bool any() const {
    return std::any_of(crops.begin(), crops.end(), [](const auto& crop) { return crop.has_value(); });
  }
};

using Findings = std::vector<size_t>;  // indices into all_findings()

ViewCrops cut_view(const Study& study, const Spine& spine, const Findings& findings, const View& view,
                   const LookSpec& look) {
  ViewCrops result{view, std::vector<std::optional<Crop>>(findings.size())};
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
CropBatch batch_of(const ViewCrops& crops) {
  if (crops.any()) return stacked(crops.crops);
  const auto count = static_cast<std::int64_t>(crops.crops.size());
  return {torch::zeros({count, crops.view.slices, crops.view.size_px, crops.view.size_px}, torch::kUInt8),
          torch::zeros({count, crops.view.slices})};
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

/// Log-probabilities or logits, whichever the head averages.
torch::Tensor run_member(const Member& member, const TensorMap& inputs, bool average_logits) {
  const torch::Tensor logits = member.network.network.forward(inputs).at(kOutput).to(torch::kCPU, torch::kFloat64) /
                               grade_output(member.network.spec).temperature;
  return average_logits ? logits : torch::softmax(logits, 1);
}

}  // namespace

/// The networks of one condition.
struct NetworkGrader::Members {
  Condition condition{};
  HeadSpec head;
  std::vector<Member> members;
  torch::Device device{torch::kCPU};

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

  /// N x 3 probabilities: the mean over members and looks, with the head's temperature.
  torch::Tensor probabilities(const Study& study, const Spine& spine, const Findings& findings) const {
    const bool average_logits = head.combine == "logits";
    torch::Tensor sum = torch::zeros({static_cast<std::int64_t>(findings.size()), kSeverityCount}, torch::kFloat64);
    for (const LookSpec& look : head.looks) {
      std::vector<ViewCrops> cut;  // members mostly share their views
      for (const Member& member : members) {
        sum += run_member(member, inputs_of(member, study, spine, findings, look, cut), average_logits);
      }
    }
    const torch::Tensor mean = sum / static_cast<double>(head.looks.size() * members.size());
    return torch::softmax((average_logits ? mean : mean.clamp_min(1e-12).log()) / head.temperature, 1);
  }

 private:
  TensorMap inputs_of(const Member& member, const Study& study, const Spine& spine, const Findings& findings,
                      const LookSpec& look, std::vector<ViewCrops>& cut) const {
    TensorMap inputs;
    for (const View& view : member.views) {
      auto found = std::find_if(cut.begin(), cut.end(), [&](const ViewCrops& crops) { return crops.view == view; });
      if (found == cut.end()) found = cut.insert(cut.end(), cut_view(study, spine, findings, view, look));
      CropBatch batch = batch_of(*found);
      if (look.reverse) reverse_slices(batch);
      add_view(inputs, view.name, batch, device);
    }
    return inputs;
  }
};

NetworkGrader::NetworkGrader(const Bundle& bundle, const std::string& device) {
  for (const HeadSpec& head : bundle.manifest.grading.heads) {
    auto members = std::make_unique<Members>();
    members->condition = head.condition;
    members->head = head;
    members->device = torch::Device(device);
    for (const BundleNetwork& network : bundle.networks) {
      if (network.spec.role != grading_role(head.condition)) continue;
      grade_output(network.spec);
      Member member{network, {}};
      for (const InputSpec& input : network.spec.inputs) member.views.push_back(view_of(input, network.spec.name));
      member.network.network.prepare_for_inference();
      member.network.network.module->to(members->device);
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
  for (const auto& members : conditions_) {
    // A finding is graded where the first member's first view shows it.
    const View& first = members->members.front().views.front();
    Findings findings = members->findings_of(spine);
    const ViewCrops shown = cut_view(study, spine, findings, first, {});
    Findings graded;
    std::vector<const Crop*> crops;
    for (size_t k = 0; k < findings.size(); ++k) {
      if (!shown.crops[k]) continue;
      graded.push_back(findings[k]);
      crops.push_back(&*shown.crops[k]);
    }
    if (graded.empty()) continue;
    const torch::Tensor probabilities = members->probabilities(study, spine, graded);
    for (size_t k = 0; k < graded.size(); ++k) {
      NetworkGrade grade;
      for (int c = 0; c < kSeverityCount; ++c) {
        grade.probabilities[static_cast<size_t>(c)] = probabilities[static_cast<std::int64_t>(k)][c].item<double>();
      }
      grade.point_patient = crops[k]->point_patient;
      grade.series_instance_uid = crops[k]->series_instance_uid;
      grade.sop_instance_uid = crops[k]->sop_instance_uid;
      grades[graded[k]] = grade;
    }
  }
  return grades;
}

}  // namespace lumbargrade
