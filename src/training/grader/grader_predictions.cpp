#include "training/grader/grader_predictions.h"

#include <torch/utils.h>

#include <algorithm>

#include "grades/study_stacking.h"
#include "network/grader_network.h"
#include "training/grader/grader_batch.h"

namespace lumbargrade {
namespace {

constexpr size_t kTogether = 32;  // samples per forward pass

}  // namespace

std::map<FindingKey, torch::Tensor> by_finding(const torch::Tensor& predictions, const NetworkData& data,
                                               const std::vector<size_t>& samples, size_t condition,
                                               const std::string& combine) {
  std::map<FindingKey, std::vector<torch::Tensor>> looks;
  const torch::Tensor logits =
      predictions.narrow(1, kSeverityCount * static_cast<std::int64_t>(condition), kSeverityCount);
  for (size_t k = 0; k < samples.size(); ++k) {
    const GraderSample& sample = data.samples[samples[k]];
    looks[{sample.study, sample.findings[condition].finding}].push_back(
        logits.narrow(0, static_cast<std::int64_t>(k), 1));
  }
  std::map<FindingKey, torch::Tensor> findings;
  for (const auto& [key, of_finding] : looks) {
    findings[key] =
        of_finding.size() == 1 ? of_finding.front() : combined_logits(of_finding, combine).to(torch::kFloat32);
  }
  return findings;
}

torch::Tensor predictions_of(const Network& network, const NetworkData& data, const std::vector<size_t>& samples,
                             const torch::Device& device) {
  const torch::NoGradGuard no_gradients;
  const auto grader = std::dynamic_pointer_cast<GraderNetworkImpl>(network.module);
  TORCH_CHECK(grader != nullptr, "predictions_of takes networks of the architecture \"grader\"");
  grader->eval();
  const auto width = kSeverityCount * static_cast<std::int64_t>(grader->options().outputs.size());
  std::vector<torch::Tensor> logits = {torch::empty({0, width})};
  for (size_t first = 0; first < samples.size(); first += kTogether) {
    const auto last = samples.begin() + static_cast<std::ptrdiff_t>(std::min(first + kTogether, samples.size()));
    const std::vector<size_t> some(samples.begin() + static_cast<std::ptrdiff_t>(first), last);
    const GraderOutput output = grader->forward(central_inputs(data, some, device));
    logits.push_back(output.logits.to(torch::kCPU, torch::kFloat32));
  }
  return torch::cat(logits);
}

std::vector<size_t> shown_samples(const NetworkData& data) {
  std::vector<size_t> shown;
  for (size_t k = 0; k < data.samples.size(); ++k) {
    if (data.samples[k].predicted) shown.push_back(k);
  }
  return shown;
}

}  // namespace lumbargrade
