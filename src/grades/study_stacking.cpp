#include "grades/study_stacking.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kLeastProbability = 1e-12;

}  // namespace

torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine) {
  const torch::Tensor all = torch::stack(logits).to(torch::kFloat64);
  if (combine == "logits") return all.mean(0);
  return torch::softmax(all, 2).mean(0).clamp_min(kLeastProbability).log();
}

Probabilities probabilities_of(const torch::Tensor& row) {
  Probabilities result{};
  for (size_t c = 0; c < result.size(); ++c) result[c] = row[static_cast<std::int64_t>(c)].item<double>();
  return result;
}

TensorMap stack_inputs(const StudyPredictions& predictions) {
  torch::Tensor logits = torch::zeros({1, kFindingCount, kSeverityCount}), present = torch::zeros({1, kFindingCount});
  for (std::int64_t finding = 0; finding < kFindingCount; ++finding) {
    const auto& answer = predictions[static_cast<size_t>(finding)];
    if (!answer) continue;
    present[0][finding] = 1;
    for (std::int64_t c = 0; c < kSeverityCount; ++c) {
      logits[0][finding][c] = std::log(std::max((*answer)[static_cast<size_t>(c)], kLeastProbability));
    }
  }
  return {{"logits", logits}, {"present", present}};
}

StudyPredictions stacked_predictions(const torch::Tensor& logits, const StudyPredictions& predictions) {
  const torch::Tensor probabilities = torch::softmax(logits[0].to(torch::kFloat64), 1);
  StudyPredictions stacked;
  for (std::int64_t finding = 0; finding < kFindingCount; ++finding) {
    const auto at = static_cast<size_t>(finding);
    if (predictions[at]) stacked[at] = probabilities_of(probabilities[finding]);
  }
  return stacked;
}

}  // namespace lumbargrade
