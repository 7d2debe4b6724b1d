#include "training/grader/stack_training.h"

#include <torch/optim/adamw.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>

#include "network/architecture.h"
#include "network/state.h"
#include "training/grader/fold_training.h"
#include "training/grader/grader_loss.h"
#include "training/loop/trainer.h"

namespace lumbargrade {
namespace {

constexpr int kStackFolds = 5;
constexpr int kStepsBetweenLooks = 5;
constexpr std::uint64_t kStackSeed = 2000;  // beside the indices of the recipe's networks

using StudyRows = std::vector<std::int64_t>;

/// Losses on held-out studies after 0, 5, 10 … steps.
using LossCurve = std::vector<double>;

/// All studies as tensors.
struct StackTable {
  TensorMap inputs;       ///< of a study_stack
  torch::Tensor shares;   ///< S x 25 x 3: labels of findings with an answer; zeros elsewhere
  torch::Tensor learned;  ///< the same without those that are doubted
};

StackTable table_of(const std::vector<StackStudy>& studies) {
  const auto count = static_cast<std::int64_t>(studies.size());
  std::map<std::string, std::vector<torch::Tensor>> inputs;
  StackTable table{{}, torch::zeros({count, kFindingCount, kSeverityCount}), {}};
  torch::Tensor trusted = torch::ones({count, kFindingCount, 1});
  for (std::int64_t study = 0; study < count; ++study) {
    const StackStudy& own = studies[static_cast<size_t>(study)];
    for (const auto& [name, tensor] : stack_inputs(own.predictions)) inputs[name].push_back(tensor);
    for (size_t k = 0; k < kFindingCount; ++k) {
      if (!own.predictions[k] || !own.labels[k]) continue;
      const auto finding = static_cast<std::int64_t>(k);
      table.shares[study][finding][static_cast<std::int64_t>(*own.labels[k])] = 1;
      if (own.doubted[k]) trusted[study][finding] = 0;
    }
  }
  for (const auto& [name, tensors] : inputs) table.inputs.emplace(name, torch::cat(tensors));
  table.learned = table.shares * trusted;
  return table;
}

torch::Tensor finding_indices(Condition condition) {
  std::vector<std::int64_t> findings;
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (all_findings()[k].condition == condition) findings.push_back(static_cast<std::int64_t>(k));
  }
  return torch::tensor(findings);
}

/// The challenge's weighted log loss, mean over the conditions that have labels; 0 where none has.
torch::Tensor mean_loss(const torch::Tensor& logits, const torch::Tensor& shares) {
  const GraderLoss loss(challenge_weights(), 0);
  torch::Tensor sum = torch::zeros({});
  int conditions = 0;
  for (const Condition condition : kConditions) {
    const torch::Tensor findings = finding_indices(condition);
    const torch::Tensor of_condition = shares.index_select(1, findings).reshape({-1, kSeverityCount});
    const torch::Tensor labelled = (of_condition.sum(1) > 0).nonzero().reshape(-1);
    if (labelled.numel() == 0) continue;
    const torch::Tensor predictions = logits.index_select(1, findings).reshape({-1, kSeverityCount});
    const TargetRows rows{of_condition.index_select(0, labelled), torch::ones({labelled.numel()}), {}};
    sum = sum + loss(predictions.index_select(0, labelled), rows);
    ++conditions;
  }
  return sum / std::max(conditions, 1);
}

class StackTask {
 public:
  StackTask(const std::vector<StackStudy>& studies, const StackRecipe& recipe, std::uint64_t seed)
      : studies_(studies), recipe_(recipe), seed_(seed_of({seed, kStackSeed})), table_(table_of(studies)) {
    const int folds = std::min(kStackFolds, static_cast<int>(studies.size()));
    const std::vector<int> fold_of = folds_of_studies(studies.size(), folds, seed_);
    folds_.resize(static_cast<size_t>(folds));
    for (size_t study = 0; study < studies.size(); ++study) {
      folds_[static_cast<size_t>(fold_of[study])].push_back(static_cast<std::int64_t>(study));
    }
  }

  StackResult run() {
    StackResult result;
    result.parameters = recipe_.parameters;
    result.held_out.resize(studies_.size());
    torch::Tensor held_out = table_.inputs.at("logits").clone();
    const std::vector<int> steps = nested_steps();
    std::vector<LossCurve> curves;
    for (size_t fold = 0; fold < folds_.size(); ++fold) {
      LossCurve curve;
      train(without({fold}), recipe_.steps, [&](const Network& stack, int done) {
        const torch::Tensor predictions = stack_predictions(stack, folds_[fold]);
        curve.push_back(loss_of(predictions, folds_[fold]));
        if (done == steps[fold]) held_out.index_copy_(0, torch::tensor(folds_[fold]), predictions);
      });
      curves.push_back(curve);
    }
    result.steps = best_steps(curves);
    Network stack = train(without({}), result.steps, [](const Network&, int) {});
    for (const auto& [name, tensor] : collect_state(*stack.module)) result.state.emplace(name, tensor.detach().clone());
    for (std::int64_t study = 0; study < held_out.size(0); ++study) {
      const auto at = static_cast<size_t>(study);
      result.held_out[at] = stacked_predictions(held_out.narrow(0, study, 1), studies_[at].predictions);
    }
    for (const auto& [name, tensor] : table_.inputs) result.example.emplace(name, tensor.narrow(0, 0, 1).clone());
    result.first_stage_loss = mean_loss(table_.inputs.at("logits"), table_.shares).item<double>();
    result.held_out_loss = mean_loss(held_out, table_.shares).item<double>();
    return result;
  }

 private:
  /// By fold: the steps that are best for the others, each held out in turn, with nothing of the fold known.
  std::vector<int> nested_steps() {
    std::vector<std::vector<LossCurve>> curves(folds_.size());
    for (size_t a = 0; a < folds_.size(); ++a) {
      for (size_t b = a + 1; b < folds_.size(); ++b) {
        LossCurve of_a, of_b;
        train(without({a, b}), recipe_.steps, [&](const Network& stack, int) {
          of_a.push_back(loss_of(stack_predictions(stack, folds_[a]), folds_[a]));
          of_b.push_back(loss_of(stack_predictions(stack, folds_[b]), folds_[b]));
        });
        curves[b].push_back(of_a);
        curves[a].push_back(of_b);
      }
    }
    std::vector<int> steps;
    for (const auto& of_fold : curves) steps.push_back(best_steps(of_fold));
    return steps;
  }

  static int best_steps(const std::vector<LossCurve>& curves) {
    LossCurve sum(curves.front().size(), 0);
    for (const LossCurve& curve : curves) {
      for (size_t k = 0; k < sum.size(); ++k) sum[k] += curve[k];
    }
    return kStepsBetweenLooks * static_cast<int>(std::min_element(sum.begin(), sum.end()) - sum.begin());
  }

  StudyRows without(const std::vector<size_t>& held_out) const {
    StudyRows rows;
    for (size_t fold = 0; fold < folds_.size(); ++fold) {
      if (std::count(held_out.begin(), held_out.end(), fold) > 0) continue;
      rows.insert(rows.end(), folds_[fold].begin(), folds_[fold].end());
    }
    return rows;
  }

  TensorMap chosen(const StudyRows& rows) const {
    TensorMap some;
    for (const auto& [name, tensor] : table_.inputs) some.emplace(name, tensor.index_select(0, torch::tensor(rows)));
    return some;
  }

  static torch::Tensor forward(const Network& stack, const TensorMap& inputs) {
    return stack.forward(inputs).at("grade").transpose(1, 2);
  }

  torch::Tensor stack_predictions(const Network& stack, const StudyRows& rows) const {
    const torch::NoGradGuard no_gradients;
    stack.module->eval();
    return forward(stack, chosen(rows));
  }

  double loss_of(const torch::Tensor& predictions, const StudyRows& rows) const {
    return mean_loss(predictions, table_.shares.index_select(0, torch::tensor(rows))).item<double>();
  }

  /// All studies of `rows` in every step, at a constant rate: so n steps begin as any longer training does. `look` is
  /// called before the first step and after every fifth one.
  template <typename Look>
  Network train(const StudyRows& rows, int steps, const Look& look) const {
    torch::manual_seed(seed_);
    Network stack = build_network("study_stack", recipe_.parameters, "the recipe", "stack");
    torch::optim::AdamW optimizer(stack.module->parameters(),
                                  torch::optim::AdamWOptions(recipe_.rate).weight_decay(recipe_.weight_decay));
    const TensorMap inputs = chosen(rows);
    const torch::Tensor shares = table_.learned.index_select(0, torch::tensor(rows));
    look(stack, 0);
    for (int step = 1; step <= steps; ++step) {
      stack.module->train();
      const torch::Tensor loss = mean_loss(forward(stack, inputs), shares);
      optimizer.zero_grad();
      if (loss.requires_grad()) loss.backward();  // there are labels to learn from
      optimizer.step();
      if (step % kStepsBetweenLooks == 0) look(stack, step);
    }
    stack.module->eval();
    return stack;
  }

  const std::vector<StackStudy>& studies_;
  const StackRecipe& recipe_;
  std::uint64_t seed_;
  StackTable table_;
  std::vector<StudyRows> folds_;
};

}  // namespace

StackResult train_stack(const std::vector<StackStudy>& studies, const StackRecipe& recipe, std::uint64_t seed) {
  return StackTask(studies, recipe, seed).run();
}

}  // namespace lumbargrade
