#include "training/grader/pseudo_labels.h"

#include <torch/types.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "grades/study_mixing.h"
#include "training/grader/grader_predictions.h"
#include "training/loop/trainer.h"

namespace lumbargrade {
namespace {

using Guesses = std::map<FindingKey, Probabilities>;

/// What the networks of the `member`th fold say of all unlabelled findings, where they are confident.
Guesses confident_guesses(const GraderTrainingOptions& training, const GraderData& unlabelled,
                          const TrainedCondition& trained_condition, size_t member) {
  std::map<FindingKey, std::vector<torch::Tensor>> logits;
  for (const TrainedEntry& entry : trained_condition.entries) {
    const NetworkData& data = unlabelled.networks[entry.recipe];
    const GraderPredictions answers = predictions_of(training.recipe.networks[entry.recipe], entry.members[member],
                                                     data, torch::Device(training.device));
    const std::vector<size_t> shown = shown_samples(data);
    for (size_t k = 0; k < shown.size(); ++k) {
      const GraderSample& sample = data.samples[shown[k]];
      logits[{sample.study, sample.finding}].push_back(answers.logits.narrow(0, static_cast<std::int64_t>(k), 1));
    }
  }
  Guesses guesses;
  for (const auto& [key, several] : logits) {
    const torch::Tensor p = torch::softmax(combined_logits(several, training.recipe.combine), 1)[0];
    if (p.max().item<double>() < training.recipe.pseudo_labels.confidence) continue;
    for (int c = 0; c < kSeverityCount; ++c) guesses[key][static_cast<size_t>(c)] = p[c].item<double>();
  }
  return guesses;
}

/// What the guesses of the `member`th fold come from.
nlohmann::json identity_of(const GraderTrainingOptions& training, const GraderData& unlabelled,
                           const TrainedCondition& trained_condition, size_t member) {
  nlohmann::json identity = {unlabelled.fingerprint, training.recipe.pseudo_labels.confidence,
                             training.recipe.pseudo_labels.weight, training.recipe.combine};
  for (const TrainedEntry& entry : trained_condition.entries) identity.push_back(digest_of(entry.members[member]));
  return identity;
}

PseudoLabels labels_for(const NetworkData& data, const Guesses& guesses, double weight,
                        const nlohmann::json& identity) {
  PseudoLabels labels{&data, {}, weight, identity};
  for (const GraderSample& sample : data.samples) {
    const auto found = guesses.find({sample.study, sample.finding});
    const bool usable = found != guesses.end() && sample.has_crop();
    labels.targets.push_back(usable ? std::optional(found->second) : std::nullopt);
  }
  return labels;
}

}  // namespace

void train_on_pseudo_labels(const GraderTrainingOptions& training, const GraderData& data, const GraderData& unlabelled,
                            TrainedCondition& trained_condition) {
  const PseudoLabelRecipe& recipe = training.recipe.pseudo_labels;
  const std::vector<int> folds = training.recipe.folds_to_run();
  for (size_t member = 0; member < folds.size(); ++member) {
    const Guesses guesses = confident_guesses(training, unlabelled, trained_condition, member);
    log_info(text(grading_role(trained_condition.condition), ", fold ", folds[member], ": ", guesses.size(),
                  " unlabelled findings are guessed with a confidence of at least ", recipe.confidence));
    if (guesses.empty()) continue;
    const nlohmann::json identity = identity_of(training, unlabelled, trained_condition, member);
    for (TrainedEntry& entry : trained_condition.entries) {
      const PseudoLabels labels = labels_for(unlabelled.networks[entry.recipe], guesses, recipe.weight, identity);
      TrainingPass pass{"-pseudo", entry.used, training.recipe.optimisation, &entry.members[member], &labels};
      pass.optimisation.epochs = recipe.epochs;
      pass.optimisation.rate = recipe.rate;
      entry.members[member] = train_fold(training, data, entry.recipe, folds[member], pass).state;
    }
  }
}

}  // namespace lumbargrade
