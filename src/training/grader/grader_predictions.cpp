#include "training/grader/grader_predictions.h"

#include <torch/utils.h>

#include <algorithm>

#include "network/grader_network.h"
#include "network/state.h"
#include "training/grader/grader_batch.h"

namespace lumbargrade {
namespace {

constexpr size_t kTogether = 32;  // findings per forward pass

}  // namespace

Logits logits_of(const torch::Tensor& row) {
  Logits result{};
  for (size_t c = 0; c < result.size(); ++c) result[c] = row[static_cast<std::int64_t>(c)].item<double>();
  return result;
}

Logits GraderPredictions::row(size_t index) const {
  return logits_of(logits[static_cast<std::int64_t>(index)]);
}

GraderPredictions predictions_of(const Network& network, const NetworkData& data, const std::vector<size_t>& samples,
                                 const torch::Device& device) {
  const torch::NoGradGuard no_gradients;
  const auto grader = std::dynamic_pointer_cast<GraderNetworkImpl>(network.module);
  TORCH_CHECK(grader != nullptr, "predictions_of takes networks of the architecture \"grader\"");
  grader->eval();
  std::vector<torch::Tensor> logits = {torch::empty({0, kSeverityCount})};
  for (size_t first = 0; first < samples.size(); first += kTogether) {
    const auto last = samples.begin() + static_cast<std::ptrdiff_t>(std::min(first + kTogether, samples.size()));
    const std::vector<size_t> some(samples.begin() + static_cast<std::ptrdiff_t>(first), last);
    const GraderOutput output = grader->forward(central_inputs(data, some, device));
    logits.push_back(output.logits.to(torch::kCPU, torch::kFloat32));
  }
  return {torch::cat(logits)};
}

std::vector<size_t> shown_samples(const NetworkData& data) {
  std::vector<size_t> shown;
  for (size_t k = 0; k < data.samples.size(); ++k) {
    if (data.samples[k].predicted) shown.push_back(k);
  }
  return shown;
}

GraderPredictions predictions_of(const NetworkRecipe& recipe, const TensorMap& state, const NetworkData& data,
                                 const torch::Device& device) {
  const Network network = build_network("grader", recipe.parameters, "the recipe", "networks");
  load_state(*network.module, state, "a fold's weights");
  network.module->to(device);
  return predictions_of(network, data, shown_samples(data), device);
}

}  // namespace lumbargrade
