#include "training/grader/pseudo_labels.h"

#include <torch/types.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "grades/study_stacking.h"
#include "network/state.h"
#include "training/grader/grader_predictions.h"
#include "training/loop/trainer.h"

namespace lumbargrade {
namespace {

using Guesses = std::map<FindingKey, Probabilities>;

/// What the networks of the `member`th fold say of all unlabelled findings, where they are confident.
Guesses confident_guesses(const GraderTrainingOptions& training, const GraderData& unlabelled,
                          const TrainedEnsemble& graders, size_t member) {
  const std::string& combine = training.recipe.combine;
  const torch::Device device(training.device);
  std::map<FindingKey, std::vector<torch::Tensor>> logits;
  for (size_t entry = 0; entry < graders.members.size(); ++entry) {
    const NetworkData& data = unlabelled.networks[entry];
    const NetworkRecipe& recipe = training.recipe.networks[entry];
    const Network network = build_network("grader", recipe.parameters, "the recipe", "networks");
    load_state(*network.module, graders.members[entry][member], "a fold's weights");
    network.module->to(device);
    const std::vector<size_t> shown = shown_samples(data);
    const torch::Tensor answers = predictions_of(network, data, shown, device);
    for (size_t c = 0; c < recipe.conditions.size(); ++c) {
      for (const auto& [key, said] : by_finding(answers, data, shown, c, combine)) logits[key].push_back(said);
    }
  }
  Guesses guesses;
  for (const auto& [key, several] : logits) {
    const torch::Tensor p = torch::softmax(combined_logits(several, combine), 1)[0];
    if (p.max().item<double>() < training.recipe.pseudo_labels.confidence) continue;
    for (int c = 0; c < kSeverityCount; ++c) guesses[key][static_cast<size_t>(c)] = p[c].item<double>();
  }
  return guesses;
}

/// What the guesses of the `member`th fold that concern an entry come from: the entries that share a condition with it.
nlohmann::json identity_of(const GraderTrainingOptions& training, const GraderData& unlabelled,
                           const TrainedEnsemble& graders, const NetworkRecipe& recipe, size_t member) {
  nlohmann::json identity = {unlabelled.fingerprint, training.recipe.pseudo_labels.confidence,
                             training.recipe.pseudo_labels.weight, training.recipe.combine};
  for (size_t entry = 0; entry < graders.members.size(); ++entry) {
    const std::vector<Condition>& conditions = training.recipe.networks[entry].conditions;
    const bool shares = std::any_of(conditions.begin(), conditions.end(),
                                    [&](Condition condition) { return recipe.grades(condition); });
    if (shares) identity.push_back(digest_of(graders.members[entry][member]));
  }
  return identity;
}

PseudoLabels labels_for(const NetworkData& data, const Guesses& guesses, double weight,
                        const nlohmann::json& identity) {
  PseudoLabels labels{&data, {}, weight, identity};
  for (const GraderSample& sample : data.samples) {
    std::vector<Probabilities>& targets = labels.targets.emplace_back();
    for (const LabelledFinding& labelled : sample.findings) {
      const auto found = guesses.find({sample.study, labelled.finding});
      const bool usable = found != guesses.end() && sample.has_crop();
      targets.push_back(usable ? found->second : Probabilities{});
    }
  }
  return labels;
}

void log_guesses(const GraderTrainingOptions& training, const TrainedEnsemble& graders, const Guesses& guesses,
                 int fold) {
  for (const TrainedCondition& trained_condition : graders.conditions) {
    const auto count = std::count_if(guesses.begin(), guesses.end(), [&](const auto& guess) {
      return all_findings()[guess.first.second].condition == trained_condition.condition;
    });
    log_info(text(grading_role(trained_condition.condition), ", fold ", fold, ": ", count,
                  " unlabelled findings are guessed with a confidence of at least ",
                  training.recipe.pseudo_labels.confidence));
  }
}

}  // namespace

void train_on_pseudo_labels(const GraderTrainingOptions& training, const GraderData& data, const GraderData& unlabelled,
                            TrainedEnsemble& graders) {
  const PseudoLabelRecipe& recipe = training.recipe.pseudo_labels;
  const std::vector<int> folds = training.recipe.folds_to_run();
  for (size_t member = 0; member < folds.size(); ++member) {
    const Guesses guesses = confident_guesses(training, unlabelled, graders, member);
    log_guesses(training, graders, guesses, folds[member]);
    std::vector<PseudoLabels> labels;  // of all entries, before any of them changes
    for (size_t entry = 0; entry < graders.members.size(); ++entry)
      labels.push_back(labels_for(unlabelled.networks[entry], guesses, recipe.weight,
                                  identity_of(training, unlabelled, graders, training.recipe.networks[entry], member)));
    for (size_t entry = 0; entry < labels.size(); ++entry) {
      if (std::none_of(labels[entry].targets.begin(), labels[entry].targets.end(), is_known)) continue;
      TensorMap& state = graders.members[entry][member];
      TrainingPass pass{"-pseudo", graders.suspects, training.recipe.optimisation, &state, &labels[entry]};
      pass.optimisation.epochs = recipe.epochs;
      pass.optimisation.rate = recipe.rate;
      state = train_fold(training, data, {entry, folds[member]}, pass).state;
    }
  }
}

}  // namespace lumbargrade
