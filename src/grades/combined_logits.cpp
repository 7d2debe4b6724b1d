#include "grades/combined_logits.h"

namespace lumbargrade {
namespace {

constexpr double kLeastProbability = 1e-12;

}  // namespace

torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine) {
  const torch::Tensor all = torch::stack(logits).to(torch::kFloat64);
  if (combine == "logits") return all.mean(0);
  return torch::softmax(all, 2).mean(0).clamp_min(kLeastProbability).log();
}

}  // namespace lumbargrade
