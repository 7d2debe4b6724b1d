#include "network/study_mixer.h"

#include <torch/nn/init.h>

#include "core/finding.h"
#include "network/transformer_layer.h"

namespace lumbargrade {
namespace nn = torch::nn;
namespace {

constexpr int64_t kSides = 3;
constexpr double kEmbeddingDeviation = 0.02;

int64_t side_index(const Finding& finding) {
  if (!finding.side) return 0;
  return *finding.side == Side::Left ? 1 : 2;
}

/// One index per finding.
torch::Tensor indices(int64_t (*index)(const Finding&), const torch::Device& device) {
  std::vector<int64_t> list;
  for (const Finding& finding : all_findings()) list.push_back(index(finding));
  return torch::tensor(list, torch::kLong).to(device);
}

void check_shape(const char* name, const torch::Tensor& tensor, at::IntArrayRef shape) {
  TORCH_CHECK(tensor.sizes() == shape, "the network's input \"", name, "\" has shape ", tensor.sizes(),
              ", it must have ", shape);
}

}  // namespace

StudyMixerImpl::StudyMixerImpl(const StudyMixerOptions& options) : over_(options.over) {
  const int64_t hidden = options.hidden;
  const auto embedding = [&](const char* name, int64_t count) {
    return register_parameter(name, torch::randn({count, hidden}) * kEmbeddingDeviation);
  };
  project_ = register_module("project", nn::Linear(options.features + kSeverityCount, hidden));
  absent_ = embedding("absent", 1);
  condition_ = embedding("condition", kConditionCount);
  side_ = embedding("side", kSides);
  level_ = embedding("level", kLevelCount);
  register_module("layers", layers_);
  if (over_ == MixerOver::Study) {
    for (int64_t layer = 0; layer < options.layers; ++layer) {
      layers_->push_back(TransformerLayer(hidden, options.dropout));
    }
  } else {
    lstm_ = register_module("lstm", nn::LSTM(nn::LSTMOptions(hidden, hidden / 2)
                                                 .num_layers(options.layers)
                                                 .bidirectional(true)
                                                 .batch_first(true)
                                                 .dropout(options.layers > 1 ? options.dropout : 0)));
  }
  norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({hidden})));
  head_ = register_module("head", nn::Linear(hidden, kSeverityCount));
  nn::init::zeros_(head_->weight);
  nn::init::zeros_(head_->bias);
}

torch::Tensor StudyMixerImpl::places() const {
  const torch::Device device = level_.device();
  return condition_.index_select(0,
                                 indices([](const Finding& f) { return static_cast<int64_t>(f.condition); }, device)) +
         side_.index_select(0, indices(side_index, device)) +
         level_.index_select(0, indices([](const Finding& f) { return static_cast<int64_t>(f.level); }, device));
}

torch::Tensor StudyMixerImpl::along_rows(const torch::Tensor& tokens) {
  // Findings are five rows (condition and side) of five levels each, in this order.
  const int64_t n = tokens.size(0), rows = kFindingCount / kLevelCount, width = tokens.size(2);
  torch::Tensor table = tokens.reshape({n, rows, kLevelCount, width});
  if (over_ == MixerOver::Conditions) table = table.transpose(1, 2);
  const torch::Tensor heard = std::get<0>(lstm_->forward(table.reshape({-1, table.size(2), width})));
  torch::Tensor back = heard.reshape(table.sizes());
  if (over_ == MixerOver::Conditions) back = back.transpose(1, 2);
  return back.reshape(tokens.sizes());
}

torch::Tensor StudyMixerImpl::forward(const torch::Tensor& features, const torch::Tensor& logits,
                                      const torch::Tensor& present) {
  const int64_t n = present.size(0);
  check_shape("present", present, {n, kFindingCount});
  check_shape("logits", logits, {n, kFindingCount, kSeverityCount});
  check_shape("features", features,
              {n, kFindingCount, project_->options.in_features() - static_cast<int64_t>(kSeverityCount)});
  const torch::Tensor valid = present != 0;
  const torch::Tensor missing = ~valid.unsqueeze(2);
  const torch::Tensor known_logits = logits.masked_fill(missing, 0);
  const torch::Tensor known = torch::cat({features.masked_fill(missing, 0), known_logits}, 2);
  torch::Tensor tokens = torch::where(missing, absent_, project_->forward(known)) + places();
  if (lstm_) tokens = tokens + along_rows(tokens);
  for (const auto& layer : *layers_) tokens = layer->as<TransformerLayer>()->forward(tokens, valid);
  return known_logits + head_->forward(norm_->forward(tokens));
}

}  // namespace lumbargrade
