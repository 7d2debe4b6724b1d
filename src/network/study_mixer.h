#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "network/study_mixer_options.h"

namespace lumbargrade {

/// Second stage over a whole study: the 25 findings attend to each other, each knowing its condition, side and level,
/// and correct the first stage's logits. Fresh, it corrects nothing.
class StudyMixerImpl : public torch::nn::Module {
 public:
  explicit StudyMixerImpl(const StudyMixerOptions& options);

  /// Findings in the order of all_findings(). `features` N x 25 x StudyMixerOptions::features and `logits` N x 25 x 3
  /// of the first stage; `present` N x 25, not 0 where it looked: what the others hold changes nothing. Returns logits
  /// N x 25 x 3, also for absent findings (from those that are present). Throws c10::Error for other shapes.
  torch::Tensor forward(const torch::Tensor& features, const torch::Tensor& logits, const torch::Tensor& present);

 private:
  torch::Tensor places() const;
  torch::Tensor along_rows(const torch::Tensor& tokens);

  torch::nn::Linear project_{nullptr};
  torch::Tensor absent_;     // in place of a finding that the first stage did not see
  torch::Tensor condition_;  // 3 x hidden
  torch::Tensor side_;       // 3 x hidden: none, left, right
  torch::Tensor level_;      // 5 x hidden
  MixerOver over_;
  torch::nn::LSTM lstm_{nullptr};
  torch::nn::ModuleList layers_;
  torch::nn::LayerNorm norm_{nullptr};
  torch::nn::Linear head_{nullptr};
};
TORCH_MODULE(StudyMixer);

}  // namespace lumbargrade
