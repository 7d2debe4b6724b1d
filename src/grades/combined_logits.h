#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

namespace lumbargrade {

/// The mean over members and transforms of their logits or of their probabilities, as logits. N x 3 each, float64.
torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine);

}  // namespace lumbargrade
