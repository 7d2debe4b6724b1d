#pragma once

#include <torch/types.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"
#include "network/safetensors.h"

namespace lumbargrade {

/// What the networks say of a study's findings, averaged over members and looks; empty where none looked.
using StudyPredictions = std::array<std::optional<Probabilities>, kFindingCount>;

/// That average: the mean over members and looks (`logits`, N x 3 each) of their logits or of their probabilities, as
/// `combine` says, in logits, N x 3, float64.
torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine);

/// The three values of a tensor.
Probabilities probabilities_of(const torch::Tensor& row);

/// The inputs of a study_stack for one study, the same in training and in grading: `logits` 1 x 25 x 3, logarithms of
/// the probabilities, and `present` 1 x 25.
TensorMap stack_inputs(const StudyPredictions& predictions);

/// What a stack that gave `logits` 1 x 25 x 3 says of the findings that were looked at.
StudyPredictions stacked_predictions(const torch::Tensor& logits, const StudyPredictions& predictions);

}  // namespace lumbargrade
