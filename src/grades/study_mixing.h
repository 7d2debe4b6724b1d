#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "network/safetensors.h"

namespace lumbargrade {

/// What one grading network said of some findings of a study.
struct MemberPredictions {
  std::vector<size_t> findings;  ///< indices into all_findings(), N
  torch::Tensor logits;          ///< N x 3
  torch::Tensor features;        ///< N x F, see GraderOutput
};

/// The mean over members and transforms of their logits or of their probabilities, as logits. N x 3 each, float64.
torch::Tensor combined_logits(const std::vector<torch::Tensor>& logits, const std::string& combine);

/// The inputs of a study_mixer for one study, the same in training and in grading: `features` 1 x 25 x sum of all F,
/// where each member has its own columns, in the order of `members`, and zeros stand where it said nothing; `logits`
/// 1 x 25 x 3, combined over the members that graded a finding; `present` 1 x 25.
TensorMap mixer_inputs(const std::vector<MemberPredictions>& members, const std::string& combine);

}  // namespace lumbargrade
