#include "training/grader/grader_loss.h"

#include <map>

#include "metric/cases.h"
#include "training/calibration/grader_calibration.h"

namespace lumbargrade {
namespace {

constexpr std::int64_t kSevere = 2;
constexpr double kLeastProbability = 1e-6;
constexpr double kLeastWeight = 1e-12;  // far below any that counts: a batch may hold no label of a condition

std::map<std::int64_t, std::vector<std::int64_t>> rows_by_study(const torch::Tensor& studies) {
  std::map<std::int64_t, std::vector<std::int64_t>> rows;
  if (!studies.defined()) return rows;
  const torch::Tensor on_cpu = studies.to(torch::kCPU);
  for (std::int64_t row = 0; row < on_cpu.size(0); ++row) {
    const auto study = on_cpu[row].item<std::int64_t>();
    if (study >= 0) rows[study].push_back(row);
  }
  return rows;
}

/// Binary cross-entropy of the largest severe probability of a study's canals, weighted by the largest weight among
/// them.
torch::Tensor any_severe_loss(const torch::Tensor& logits, const torch::Tensor& shares, const torch::Tensor& weights,
                              const std::map<std::int64_t, std::vector<std::int64_t>>& studies) {
  const torch::Tensor severe = torch::softmax(logits, 1).select(1, kSevere);
  const torch::Tensor truth = shares.select(1, kSevere);
  torch::Tensor loss = torch::zeros({}, logits.options()), total = torch::zeros({}, logits.options());
  for (const auto& [study, rows] : studies) {
    const torch::Tensor at = torch::tensor(rows, torch::kLong).to(logits.device());
    const torch::Tensor q = severe.index_select(0, at).max().clamp(kLeastProbability, 1 - kLeastProbability);
    const torch::Tensor t = truth.index_select(0, at).max();
    const torch::Tensor weight = weights.index_select(0, at).max();
    loss = loss - weight * (t * q.log() + (1 - t) * (1 - q).log());
    total = total + weight;
  }
  return loss / total;
}

}  // namespace

GraderLoss::GraderLoss(const std::array<double, kSeverityCount>& class_weights, double any_severe)
    : class_weights_(torch::tensor(std::vector<double>(class_weights.begin(), class_weights.end()), torch::kFloat32)),
      any_severe_(any_severe) {}

torch::Tensor GraderLoss::operator()(const torch::Tensor& logits, const TargetRows& rows) const {
  const torch::Device device = logits.device();
  const torch::Tensor class_weights = class_weights_.to(device), shares = rows.shares.to(device);
  const torch::Tensor weighted = logits.to(torch::kFloat32) + class_weights.log();
  const torch::Tensor weights = (shares * class_weights).sum(1) * rows.weights.to(device);
  // The weight stands inside the sum over classes: else a soft label would be learned as another one.
  const torch::Tensor losses = -(torch::log_softmax(weighted, 1) * shares * class_weights).sum(1);
  torch::Tensor loss = (rows.weights.to(device) * losses).sum() / weights.sum().clamp_min(kLeastWeight);
  const auto studies = rows_by_study(rows.canal_studies);
  if (any_severe_ <= 0 || studies.empty()) return loss;
  return loss + any_severe_ * any_severe_loss(weighted, shares, weights, studies);
}

torch::Tensor GraderLoss::operator()(const TensorMap& outputs, const TrainingBatch& batch) const {
  torch::Tensor sum;
  const auto add = [&](const torch::Tensor& loss) { sum = sum.defined() ? sum + loss : loss; };
  for (const auto& [name, logits] : outputs) {
    const auto rows = TargetRows::of(batch.targets, name);
    if (!rows) continue;
    add((*this)(logits, *rows));
    const auto alone = outputs.find(name + ".slices");
    if (alone != outputs.end()) add(of_slices(alone->second, outputs.at("slices.valid"), *rows));
  }
  return sum;
}

torch::Tensor GraderLoss::of_slices(const torch::Tensor& logits, const torch::Tensor& weights,
                                    const TargetRows& rows) const {
  const torch::Device device = logits.device();
  const torch::Tensor class_weights = class_weights_.to(device), shares = rows.shares.to(device).unsqueeze(1);
  const torch::Tensor losses =
      -(torch::log_softmax(logits.to(torch::kFloat32) + class_weights.log(), 2) * shares * class_weights).sum(2);
  const torch::Tensor counted = weights * rows.weights.to(device).unsqueeze(1);
  const torch::Tensor class_sum = (shares * class_weights).sum(2);
  // The weight of the whole is that of a slice: the mean over slices, times it.
  const torch::Tensor slice = weights.max().clamp_min(kLeastWeight);
  return (counted * losses).sum() / ((counted * class_sum).sum() / slice).clamp_min(kLeastWeight);
}

void TargetRows::add_to(TensorMap& targets, const std::string& output) const {
  targets.emplace(output + ".shares", shares);
  targets.emplace(output + ".weights", weights);
  if (canal_studies.defined()) targets.emplace(output + ".canal_studies", canal_studies);
}

std::optional<TargetRows> TargetRows::of(const TensorMap& targets, const std::string& output) {
  if (!targets.contains(output + ".shares")) return std::nullopt;
  const auto canals = targets.find(output + ".canal_studies");
  return TargetRows{targets.at(output + ".shares"), targets.at(output + ".weights"),
                    canals == targets.end() ? torch::Tensor() : canals->second};
}

double loss_in_bundle(const HeldOutLogits& held_out, const TargetRows& rows) {
  const GraderLoss loss(challenge_weights(), 1);
  const torch::Tensor confidence = held_out.confidence.unsqueeze(1);
  const auto loss_at = [&](double temperature) {
    const torch::Tensor said = torch::softmax(held_out.logits / temperature, 1);
    const torch::Tensor answered = confidence * said + (1 - confidence) * held_out.prior;
    return loss(answered.clamp_min(kLeastProbability).log(), rows).item<double>();
  };
  return loss_at(best_temperature(loss_at));
}

}  // namespace lumbargrade
