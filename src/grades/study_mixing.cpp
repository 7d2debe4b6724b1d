#include "grades/study_mixing.h"

#include <optional>

#include "core/finding.h"

namespace lumbargrade {
namespace {

constexpr double kLeastProbability = 1e-12;

/// The member's row for a finding.
std::optional<std::int64_t> row_of(const MemberPredictions& member, size_t finding) {
  for (size_t row = 0; row < member.findings.size(); ++row) {
    if (member.findings[row] == finding) return static_cast<std::int64_t>(row);
  }
  return std::nullopt;
}

}  // namespace

torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine) {
  const torch::Tensor all = torch::stack(logits).to(torch::kFloat64);
  if (combine == "logits") return all.mean(0);
  return torch::softmax(all, 2).mean(0).clamp_min(kLeastProbability).log();
}

TensorMap mixer_inputs(const std::vector<MemberPredictions>& members, const std::string& combine) {
  std::vector<torch::Tensor> features;
  torch::Tensor logits = torch::zeros({1, kFindingCount, kSeverityCount}), present = torch::zeros({1, kFindingCount});
  for (const MemberPredictions& member : members) {
    features.push_back(torch::zeros({1, kFindingCount, member.features.size(1)}));
    for (size_t row = 0; row < member.findings.size(); ++row) {
      features.back()[0][static_cast<std::int64_t>(member.findings[row])] =
          member.features[static_cast<std::int64_t>(row)];
    }
  }
  for (size_t finding = 0; finding < kFindingCount; ++finding) {
    std::vector<torch::Tensor> of_finding;
    for (const MemberPredictions& member : members) {
      if (const auto row = row_of(member, finding)) of_finding.push_back(member.logits.narrow(0, *row, 1));
    }
    if (of_finding.empty()) continue;
    const auto at = static_cast<std::int64_t>(finding);
    logits[0][at] = combined_logits(of_finding, combine)[0].to(torch::kFloat32);
    present[0][at] = 1;
  }
  return {{"features", torch::cat(features, 2)}, {"logits", logits}, {"present", present}};
}

}  // namespace lumbargrade
