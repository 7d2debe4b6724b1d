#pragma once

#include <torch/torch.h>

#include <array>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// What is true of R findings.
struct TargetRows {
  torch::Tensor shares;            ///< R x 3, shares of the classes; zeros: nothing is known, the row counts nothing
  torch::Tensor weights;           ///< R, how much a row counts, times its class's weight
  std::vector<int> canal_studies;  ///< by row: the study whose canal it is, for the any-severe term; -1: none
};

/// The challenge's loss (docs/sources.md, "The challenge's metric"): cross-entropy in which every class has a weight,
/// divided by the weights present, and `any_severe` times the any-severe term over the canals of each study.
///
/// Logits answer frequencies: the loss adds the logarithms of the class weights to them, so that weights decide what
/// training looks at but not what a network says.
class GraderLoss {
 public:
  GraderLoss(const std::array<double, kSeverityCount>& class_weights, double any_severe);

  /// `logits` R x 3, on any device.
  torch::Tensor operator()(const torch::Tensor& logits, const TargetRows& rows) const;

 private:
  torch::Tensor class_weights_;  // 3
  double any_severe_;
};

/// The part of the challenge's score that a network can decide: weights 1, 2, 4, the any-severe term counted once.
GraderLoss official_loss();

}  // namespace lumbargrade
