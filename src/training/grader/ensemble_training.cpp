#include "training/grader/ensemble_training.h"

#include <ATen/Context.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "training/grader/fold_training.h"
#include "training/grader/grader_bundle.h"
#include "training/grader/mixer_training.h"
#include "training/grader/out_of_fold.h"
#include "training/grader/pseudo_labels.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

TrainedEntry train_folds(const GraderTrainingOptions& training, const GraderData& data, size_t index,
                         const std::vector<bool>& used, const std::string& name) {
  TrainedEntry trained{index, {}, {}, used};
  trained.held_out.resize(data.networks[index].samples.size());
  const auto role = grading_role(training.recipe.networks[index].condition);
  for (const int fold : training.recipe.folds_to_run()) {
    const TrainingPass pass{name, used, training.recipe.optimisation, nullptr, nullptr};
    FoldResult result = train_fold(training, data, index, fold, pass);
    log_info(text(role, ", fold ", fold, ": held-out loss ", result.held_out_loss, " at epoch ", result.best_epoch));
    trained.members.push_back(std::move(result.state));
    for (size_t k = 0; k < result.held_out.size(); ++k) {
      if (result.held_out[k]) trained.held_out[k] = result.held_out[k];
    }
  }
  return trained;
}

/// |out-of-fold - label| of a finding: how much probability lies off the label (second place of the challenge).
double disagreement(const Logits& logits, Severity severity) {
  return 1 - softmax(logits)[index_of(severity)];
}

std::vector<bool> trusted_labels(const GraderTrainingOptions& training, const GraderData& data, size_t index,
                                 const TrainedEntry& first_pass, std::string& table) {
  const auto& samples = data.networks[index].samples;
  std::vector<bool> used(samples.size(), true);
  for (size_t k = 0; k < samples.size(); ++k) {
    if (!first_pass.held_out[k]) continue;
    const double distance = disagreement(*first_pass.held_out[k], *samples[k].severity);
    if (distance < training.recipe.drop_suspects) continue;
    used[k] = false;
    table += csv_line({data.study_ids[static_cast<size_t>(samples[k].study)],
                       finding_key(all_findings()[samples[k].finding]), std::string(severity_key(*samples[k].severity)),
                       text(distance)});
  }
  return used;
}

TrainedEntry train_entry(const GraderTrainingOptions& training, const GraderData& data, size_t index,
                         std::string& suspects) {
  const std::vector<bool> all(data.networks[index].samples.size(), true);
  TrainedEntry trained = train_folds(training, data, index, all, "");
  if (training.recipe.drop_suspects <= 0) return trained;
  const auto trusted = trusted_labels(training, data, index, trained, suspects);
  log_info(text(std::count(trusted.begin(), trusted.end(), false), " suspect labels are left out"));
  return train_folds(training, data, index, trusted, "-trusted");
}

TrainedCondition& condition_of(Condition condition, std::vector<TrainedCondition>& conditions) {
  for (TrainedCondition& trained_condition : conditions) {
    if (trained_condition.condition == condition) return trained_condition;
  }
  conditions.emplace_back();
  conditions.back().condition = condition;
  return conditions.back();
}

std::vector<TrainedCondition> train_conditions(const GraderTrainingOptions& training, const GraderData& data) {
  std::vector<TrainedCondition> conditions;
  std::string suspects = csv_line({"study_id", "finding", "label", "disagreement"});
  for (size_t index = 0; index < training.recipe.networks.size(); ++index) {
    TrainedEntry entry = train_entry(training, data, index, suspects);
    condition_of(training.recipe.networks[index].condition, conditions).entries.push_back(std::move(entry));
  }
  if (training.recipe.drop_suspects > 0) write_file_atomically(training.record_folder() / "suspects.csv", suspects);
  return conditions;
}

/// The second stage of every fold; none where it is of no use in any.
std::vector<MixerResult> train_mixers(const GraderTrainingOptions& training, const GraderData& data,
                                      const std::vector<TrainedCondition>& conditions) {
  std::vector<MixerResult> mixers;
  const std::vector<int> folds = training.recipe.folds_to_run();
  for (size_t k = 0; k < folds.size(); ++k) {
    std::vector<MixerMember> members;
    for (const TrainedCondition& trained_condition : conditions) {
      for (const TrainedEntry& entry : trained_condition.entries)
        members.push_back({entry.recipe, &entry.members[k], &entry.used});
    }
    mixers.push_back(train_mixer(training, data, folds[k], members));
  }
  const bool useful = std::any_of(mixers.begin(), mixers.end(), [](const auto& mixer) { return mixer.best_epoch > 0; });
  if (useful) return mixers;
  log_warning("the study mixer improved no fold and is left out of the bundle");
  return {};
}

/// Which fold holds a study out: a member of the bundle has not seen the studies of its own fold.
void write_folds(const GraderTrainingOptions& training, const GraderData& data) {
  const std::vector<int> folds = folds_of_studies(data.study_ids.size(), training.recipe.folds, training.seed);
  std::string table = csv_line({"study_id", "fold"});
  for (size_t k = 0; k < folds.size(); ++k) table += csv_line({data.study_ids[k], text(folds[k])});
  write_file_atomically(training.record_folder() / "folds.csv", table);
}

}  // namespace

void train_ensemble(const GraderTrainingOptions& training) {
  prepare_training(training);
  const GraderData data = load_grader_data(training.recipe, training.data);
  check_folds(training, data);
  write_folds(training, data);
  const bool has_unlabelled = !training.data.unlabelled.empty();
  const GraderData unlabelled = has_unlabelled ? load_unlabelled_data(training.recipe, training.data) : GraderData{};
  at::globalContext().setDeterministicAlgorithms(training.deterministic, false);
  TrainedEnsemble graders;
  graders.conditions = train_conditions(training, data);
  if (has_unlabelled) {
    for (TrainedCondition& trained_condition : graders.conditions)
      train_on_pseudo_labels(training, data, unlabelled, trained_condition);
  }
  if (training.recipe.mixer) graders.mixers = train_mixers(training, data, graders.conditions);
  write_out_of_fold(training.record_folder(), data, calibrate_conditions(training, data, graders));
  write_grader_bundle(training, data, graders);
  log_info(text("bundle written to ", training.out.string(), "; `lumbargrade model info ", training.out.string(),
                "` shows it"));
}

}  // namespace lumbargrade
