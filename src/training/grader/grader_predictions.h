#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/architecture.h"
#include "training/grader/grader_data.h"

namespace lumbargrade {

/// What `network`, a "grader", says of N samples, from crops as `grade` cuts them, one plain look: N logits x 3 for
/// each condition, one after the other; float32, CPU. It is put into evaluation mode.
torch::Tensor predictions_of(const Network& network, const NetworkData& data, const std::vector<size_t>& samples,
                             const torch::Device& device);

/// What such predictions say of the network's `condition`th condition by finding, 1 x 3 each, as logits: of the canal,
/// where it is seen from both sides, their mean, combined as `combine` says. `samples`: whose predictions they are.
std::map<FindingKey, torch::Tensor> by_finding(const torch::Tensor& predictions, const NetworkData& data,
                                               const std::vector<size_t>& samples, size_t condition,
                                               const std::string& combine);

/// The samples that have a predicted crop.
std::vector<size_t> shown_samples(const NetworkData& data);

}  // namespace lumbargrade
