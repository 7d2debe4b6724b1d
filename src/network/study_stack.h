#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>

namespace lumbargrade {

/// How a StudyStack joins the levels of a study.
enum class StackKind {
  Linear,   ///< a weighted sum of the answers to the levels around
  Mlp,      ///< one hidden layer over them
  Sequence  ///< a bidirectional LSTM along the spine (fifth place of RSNA 2024)
};

/// Shape of a StudyStack.
struct StudyStackOptions {
  StackKind kind = StackKind::Linear;
  std::int64_t reach_levels = 4;  ///< linear and mlp: so many levels above and below are read
  std::int64_t hidden = 32;       ///< mlp and sequence
  double dropout = 0;             ///< mlp and sequence: of the hidden values
};

/// Second stage on what the networks say of a study, averaged over members and looks: it reads the answers to all 25
/// findings and corrects each (a stack, Wolpert 1992; fourth and sixth place of RSNA 2024). The spine is a sequence of
/// five levels whose answers to all conditions and sides stand side by side; levels share weights, and a mirrored study
/// gets the mirrored answers. Fresh, it corrects nothing.
class StudyStackImpl : public torch::nn::Module {
 public:
  explicit StudyStackImpl(const StudyStackOptions& options);

  /// Findings in the order of all_findings(). `logits` N x 25 x 3 (log-probabilities); `present` N x 25, not 0 where a
  /// network looked: what the others hold changes nothing. Returns logits N x 25 x 3, zeros plus the correction where
  /// nothing looked. Throws c10::Error for other shapes.
  torch::Tensor forward(const torch::Tensor& logits, const torch::Tensor& present);

 private:
  torch::Tensor one_way(const torch::Tensor& answers);

  StackKind kind_;
  torch::nn::Conv1d hear_{nullptr};    // linear: what it answers; mlp: its hidden layer
  torch::nn::LSTM along_{nullptr};     // sequence
  torch::nn::Conv1d answer_{nullptr};  // mlp, sequence
  torch::nn::Dropout dropout_{nullptr};
  torch::Tensor offset_;  // 15 x 5: of each finding's classes
};
TORCH_MODULE(StudyStack);

}  // namespace lumbargrade
