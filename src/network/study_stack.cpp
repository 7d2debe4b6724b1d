#include "network/study_stack.h"

#include <torch/nn/init.h>

#include <cmath>

#include "core/finding.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

/// Of condition and side, in the order of all_findings().
constexpr int64_t kStackRows = kFindingCount / kLevelCount;
constexpr int64_t kStackAnswers = kStackRows * kSeverityCount;
constexpr int64_t kStackInputs = kStackAnswers + kStackRows;  // with whether a network looked
/// Probabilities below this are raised to it: how sure a network is that something is not there says no more.
constexpr double kLeastStackProbability = 1e-3;

/// The row that each becomes in the mirrored patient.
torch::Tensor mirrored_rows(const torch::Device& device) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < kStackRows; ++row) {
    const Finding& own = all_findings()[static_cast<size_t>(row * kLevelCount)];
    for (int64_t other = 0; other < kStackRows; ++other) {
      const Finding& candidate = all_findings()[static_cast<size_t>(other * kLevelCount)];
      if (candidate.condition == own.condition && (!own.side || candidate.side != own.side)) rows.push_back(other);
    }
  }
  return torch::tensor(rows, torch::kLong).to(device);
}

/// N x C x 5 with left and right exchanged; `per_row` channels of each row stand together.
torch::Tensor mirrored(const torch::Tensor& table, int64_t per_row) {
  const torch::Tensor rows = table.reshape({table.size(0), -1, per_row, kLevelCount});
  return rows.index_select(1, mirrored_rows(table.device())).reshape(table.sizes());
}

/// The input, N x 20 x 5: log-probabilities around their mean, zeros where nothing looked, and whether it did.
torch::Tensor masked_answers(const torch::Tensor& logits, const torch::Tensor& valid) {
  const int64_t n = logits.size(0);
  torch::Tensor centred = torch::log_softmax(logits, 2).clamp_min(std::log(kLeastStackProbability));
  centred = (centred - centred.mean(2, true)) * valid.unsqueeze(2);
  centred = centred.reshape({n, kStackRows, kLevelCount, kSeverityCount}).transpose(2, 3);
  return torch::cat({centred.reshape({n, kStackAnswers, kLevelCount}), valid.reshape({n, kStackRows, kLevelCount})}, 1);
}

nn::Conv1d zero_convolution(int64_t channels, int64_t reach) {
  nn::Conv1d convolution(nn::Conv1dOptions(channels, kStackAnswers, 2 * reach + 1).padding(reach).bias(false));
  nn::init::zeros_(convolution->weight);
  return convolution;
}

void check_stack_shape(const char* name, const torch::Tensor& tensor, at::IntArrayRef shape) {
  TORCH_CHECK(tensor.sizes() == shape, "the stack's input \"", name, "\" has shape ", tensor.sizes(), ", it must have ",
              shape);
}

}  // namespace

StudyStackImpl::StudyStackImpl(const StudyStackOptions& options) : kind_(options.kind) {
  offset_ = register_parameter("offset", torch::zeros({kStackAnswers, kLevelCount}));
  if (kind_ == StackKind::Linear) {
    hear_ = register_module("hear", zero_convolution(kStackInputs, options.reach_levels));
    return;
  }
  if (kind_ == StackKind::Mlp) {
    hear_ =
        register_module("hear", nn::Conv1d(nn::Conv1dOptions(kStackInputs, options.hidden, 2 * options.reach_levels + 1)
                                               .padding(options.reach_levels)));
  } else {
    along_ = register_module(
        "along", nn::LSTM(nn::LSTMOptions(kStackInputs, options.hidden / 2).bidirectional(true).batch_first(true)));
  }
  dropout_ = register_module("dropout", nn::Dropout(options.dropout));
  answer_ = register_module("answer", zero_convolution(options.hidden, 0));
}

torch::Tensor StudyStackImpl::one_way(const torch::Tensor& answers) {
  if (kind_ == StackKind::Linear) return hear_->forward(answers);
  const torch::Tensor hidden = kind_ == StackKind::Mlp
                                   ? torch::gelu(hear_->forward(answers))
                                   : std::get<0>(along_->forward(answers.transpose(1, 2))).transpose(1, 2);
  return answer_->forward(dropout_->forward(hidden));
}

torch::Tensor StudyStackImpl::forward(const torch::Tensor& logits, const torch::Tensor& present) {
  const int64_t n = present.size(0);
  check_stack_shape("present", present, {n, kFindingCount});
  check_stack_shape("logits", logits, {n, kFindingCount, kSeverityCount});
  const torch::Tensor missing = (present == 0).unsqueeze(2);
  const torch::Tensor known = logits.masked_fill(missing, 0), valid = (present != 0).to(logits.scalar_type());
  const torch::Tensor answers = masked_answers(known, valid);
  const torch::Tensor other_way = torch::cat({mirrored(answers.narrow(1, 0, kStackAnswers), kSeverityCount),
                                              mirrored(answers.narrow(1, kStackAnswers, kStackRows), 1)},
                                             1);
  const torch::Tensor shift = (one_way(answers) + offset_ + mirrored(one_way(other_way) + offset_, kSeverityCount)) / 2;
  const torch::Tensor by_finding = shift.reshape({n, kStackRows, kSeverityCount, kLevelCount}).transpose(2, 3);
  return known + by_finding.reshape({n, kFindingCount, kSeverityCount});
}

}  // namespace lumbargrade
