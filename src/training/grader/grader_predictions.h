#pragma once

#include <map>
#include <string>
#include <vector>

#include "network/architecture.h"
#include "training/grader/grader_data.h"

namespace lumbargrade {

/// What a grading network says of N samples, from crops as `grade` cuts them, one plain look.
struct GraderPredictions {
  torch::Tensor logits;  ///< N x 3 for each condition, one after the other; float32, CPU
};

/// What it says of the network's `condition`th condition by finding, 1 x 3 each, as logits: of the canal, where it is
/// seen from both sides, their mean, combined as `combine` says. `samples`: whose predictions they are.
std::map<FindingKey, torch::Tensor> by_finding(const GraderPredictions& predictions, const NetworkData& data,
                                               const std::vector<size_t>& samples, size_t condition,
                                               const std::string& combine);

/// `network` is a "grader"; it is put into evaluation mode.
GraderPredictions predictions_of(const Network& network, const NetworkData& data, const std::vector<size_t>& samples,
                                 const torch::Device& device);

/// The samples that have a predicted crop.
std::vector<size_t> shown_samples(const NetworkData& data);

/// What a recipe's network with the weights `state` says of shown_samples().
GraderPredictions predictions_of(const NetworkRecipe& recipe, const TensorMap& state, const NetworkData& data,
                                 const torch::Device& device);

}  // namespace lumbargrade
