#pragma once

#include <torch/types.h>

#include <array>
#include <optional>
#include <string>

#include "core/finding.h"
#include "training/loop/trainer.h"

namespace lumbargrade {

/// What is true of R findings.
struct TargetRows {
  torch::Tensor shares;         ///< R x 3, shares of the classes; zeros: nothing is known, the row counts nothing
  torch::Tensor weights;        ///< R, how much a row counts, times its class's weight
  torch::Tensor canal_studies;  ///< R, int64: the study whose canal it is, for the any-severe term; -1: none. May be
                                ///< undefined: none at all

  /// As targets of a batch for one of the network's outputs, and back; nothing where the batch has none for it.
  void add_to(TensorMap& targets, const std::string& output) const;
  static std::optional<TargetRows> of(const TensorMap& targets, const std::string& output);
};

/// The challenge's loss (docs/sources.md, "The challenge's metric"): cross-entropy in which every class has a weight,
/// divided by the weights present, and `any_severe` times the any-severe term over the canals of each study.
///
/// Logits answer frequencies: the loss adds the logarithms of the class weights to them, so that weights decide what
/// training looks at but not what a network says.
class GraderLoss {
 public:
  GraderLoss(const std::array<double, kSeverityCount>& class_weights, double any_severe);

  /// `logits` R x 3, on any device. 0 where no row counts.
  torch::Tensor operator()(const torch::Tensor& logits, const TargetRows& rows) const;

  /// As the loss of a task: the sum over the network's outputs, each R x 3, with that of what slices say alone where a
  /// network tells it (named_outputs).
  torch::Tensor operator()(const TensorMap& outputs, const TrainingBatch& batch) const;

 private:
  /// What slices say alone, N x A x 3, each held against its finding's grade; `weights` N x A: the loss's weight, 0
  /// where there is no slice.
  torch::Tensor of_slices(const torch::Tensor& logits, const torch::Tensor& weights, const TargetRows& rows) const;

  torch::Tensor class_weights_;  // 3
  double any_severe_;
};

/// What logits come to in a bundle: R findings held out.
struct HeldOutLogits {
  torch::Tensor logits;      ///< R x 3
  torch::Tensor confidence;  ///< R: of their levels
  torch::Tensor prior;       ///< R x 3: the grades' frequencies at their levels
};

/// The part of the challenge's score that a network can decide (weights 1, 2, 4, the any-severe term counted once) of
/// what `grade` would answer: softmax at the temperature that suits these logits best, mixed with the prior as far as
/// the level is in doubt. What is too sure, or sure of a level that the locator doubts, costs no more than in the
/// bundle.
double loss_in_bundle(const HeldOutLogits& held_out, const TargetRows& rows);

}  // namespace lumbargrade
