#pragma once

#include <array>
#include <vector>

#include "network/architecture.h"
#include "training/calibration/grader_calibration.h"
#include "training/grader/grader_data.h"

namespace lumbargrade {

/// What a grading network says of N samples, from crops as `grade` cuts them, one plain look.
struct GraderPredictions {
  torch::Tensor logits;  ///< N x 3, float32, CPU

  Logits row(size_t index) const;
};

/// The three values of a tensor on the CPU.
Logits logits_of(const torch::Tensor& row);

/// `network` is a "grader"; it is put into evaluation mode.
GraderPredictions predictions_of(const Network& network, const NetworkData& data, const std::vector<size_t>& samples,
                                 const torch::Device& device);

/// The samples that have a predicted crop.
std::vector<size_t> shown_samples(const NetworkData& data);

/// What a recipe's network with the weights `state` says of shown_samples().
GraderPredictions predictions_of(const NetworkRecipe& recipe, const TensorMap& state, const NetworkData& data,
                                 const torch::Device& device);

}  // namespace lumbargrade
