#include "training/grader/ensemble_training.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "bundle/kept_networks.h"
#include "bundle/verify.h"
#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "network/architecture.h"
#include "training/grader/fold_training.h"
#include "training/grader/grader_bundle.h"
#include "training/grader/held_out_grades.h"
#include "training/grader/out_of_fold.h"
#include "training/grader/pseudo_labels.h"
#include "training/grader/stack_training.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kMillion = 1e6;
constexpr const char* kFirstPass = "";
constexpr const char* kTrustedPass = "-trusted";

/// Findings whose labels are not learned from.
using Suspects = std::set<FindingKey>;

TrainingResult train_job(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job,
                         const Suspects& suspects, const std::string& pass_name) {
  const NetworkRecipe& network = training.recipe.networks[job.entry];
  const TrainingPass pass{pass_name, suspects, training.recipe.optimisation_of(network)};
  TrainingResult result = train_fold(training, data, job, pass);
  if (training.recipe.weighted_head) {
    const TrainingPass head{pass_name + "-head", suspects, *training.recipe.weighted_head,
                            &result.state,       nullptr,  true};
    TrainingResult weighted = train_fold(training, data, job, head);
    result = std::move(weighted);
  }
  log_info(text("job ", job.name(), ", ", name_of(network.conditions), pass_name, ", fold ", job.fold,
                ": held-out loss ", result.held_out_loss, " at epoch ", result.best_epoch));
  return result;
}

/// How good a pass is so far: the mean held-out loss over the finished jobs of the same conditions.
class SoFar {
 public:
  SoFar(const GraderTrainingOptions& training, const std::string& pass)
      : recipe_(training.recipe), total_(training.jobs().size()), pass_(pass) {}

  void add(const TrainingJob& job, double held_out_loss) {
    ++finished_;
    losses_[name_of(recipe_.networks[job.entry].conditions)].push_back(held_out_loss);
    std::string line =
        text("so far", pass_.empty() ? "" : " (second pass)", ": ", finished_, " of ", total_, " jobs; held-out loss");
    for (const auto& [conditions, losses] : losses_) {
      double sum = 0;
      for (const double loss : losses) sum += loss;
      line += text(" ", conditions, " ", std::round(1000 * sum / static_cast<double>(losses.size())) / 1000, " (",
                   losses.size(), ")");
    }
    log_info(line);
  }

 private:
  const GraderRecipe& recipe_;
  size_t total_;
  std::string pass_;
  size_t finished_ = 0;
  std::map<std::string, std::vector<double>> losses_;
};

void add_conditions(const std::vector<Condition>& graded, std::vector<TrainedCondition>& conditions) {
  for (const Condition condition : graded) {
    const bool is_there = std::any_of(conditions.begin(), conditions.end(),
                                      [&](const TrainedCondition& known) { return known.condition == condition; });
    if (!is_there) conditions.emplace_back().condition = condition;
  }
}

/// All jobs; those that are finished are only read.
TrainedEnsemble train_pass(const GraderTrainingOptions& training, const GraderData& data, const Suspects& suspects,
                           const std::string& name) {
  TrainedEnsemble graders;
  graders.suspects = suspects;
  graders.members.resize(training.recipe.networks.size());
  SoFar so_far(training, name);
  for (const TrainingJob& job : training.jobs()) {
    TrainingResult result = train_job(training, data, job, suspects, name);
    so_far.add(job, result.held_out_loss);
    graders.members[job.entry].push_back(std::move(result.state));
  }
  for (const NetworkRecipe& network : training.recipe.networks) add_conditions(network.conditions, graders.conditions);
  return graders;
}

/// The labels that the first pass's networks, as `grade` would run them, doubt; writes suspects.csv.
Suspects suspect_labels(const GraderTrainingOptions& training, const GraderData& data,
                        const TrainedEnsemble& first_pass) {
  const auto held_out = grade_held_out(training, data, first_pass, "-first");
  Suspects suspects;
  std::string table = csv_line({"study_id", "finding", "label", "disagreement"});
  for (const auto& [key, severity] : labels_of(data)) {
    const auto& study = held_out[static_cast<size_t>(key.first)];
    if (!study || !study->networks[key.second]) continue;
    // |out of fold - label|: how much of the submitted probability lies off the label (second place of the challenge).
    const double distance = 1 - as_submitted(*study->networks[key.second])[index_of(severity)];
    if (distance < training.recipe.drop_suspects) continue;
    suspects.insert(key);
    table += csv_line({data.study_ids[static_cast<size_t>(key.first)], finding_key(all_findings()[key.second]),
                       std::string(severity_key(severity)), text(distance)});
  }
  write_file_atomically(training.record_folder() / "suspects.csv", table);
  log_info(text(suspects.size(), " suspect labels are left out"));
  check_folds(training, data, suspects);
  return suspects;
}

TrainedEnsemble train_conditions(const GraderTrainingOptions& training, const GraderData& data) {
  TrainedEnsemble graders = train_pass(training, data, {}, kFirstPass);
  if (training.recipe.drop_suspects <= 0) return graders;
  return train_pass(training, data, suspect_labels(training, data, graders), kTrustedPass);
}

size_t finished_jobs(const GraderTrainingOptions& training, const std::string& pass) {
  const std::vector<TrainingJob> jobs = training.jobs();
  return static_cast<size_t>(std::count_if(
      jobs.begin(), jobs.end(), [&](const TrainingJob& job) { return is_fold_trained(training, job, pass); }));
}

/// The first pass of `training.only`, or its second one where that can be begun.
void train_only(const GraderTrainingOptions& training, const GraderData& data) {
  const size_t total = training.jobs().size();
  const bool has_second = training.recipe.drop_suspects > 0 && finished_jobs(training, kFirstPass) == total;
  if (!has_second) {
    train_job(training, data, *training.only, {}, kFirstPass);
  } else {
    const TrainedEnsemble first_pass = train_pass(training, data, {}, kFirstPass);
    train_job(training, data, *training.only, suspect_labels(training, data, first_pass), kTrustedPass);
  }
  const size_t finished = finished_jobs(training, has_second ? kTrustedPass : kFirstPass);
  const bool again = training.recipe.drop_suspects > 0 && !has_second;
  log_info(text("job ", training.only->name(), " is trained; ", finished, " of ", total, " are; when all are, ",
                again ? "call every job again: it drops the suspect labels and trains its second pass"
                      : "a call without --only makes the bundle"));
}

/// What the stack learns from: every study that was held out.
std::vector<StackStudy> stack_studies(const GraderData& data, const Suspects& suspects,
                                      const std::vector<std::optional<HeldOutStudy>>& held_out) {
  std::vector<StackStudy> all(held_out.size());
  for (const auto& [key, severity] : labels_of(data)) {
    StackStudy& study = all[static_cast<size_t>(key.first)];
    study.labels[key.second] = severity;
    study.doubted[key.second] = suspects.contains(key);
  }
  std::vector<StackStudy> studies;
  for (size_t study = 0; study < held_out.size(); ++study) {
    if (!held_out[study]) continue;
    all[study].predictions = held_out[study]->networks;
    studies.push_back(all[study]);
  }
  return studies;
}

/// Learns the second stage from what the networks say of studies that they have not seen. Where it is of use it comes
/// into the bundle, and what stacks that had not seen a study say of it into `held_out`, so that all that follows is
/// fitted and measured on that.
void train_second_stage(const GraderTrainingOptions& training, const GraderData& data,
                        std::vector<std::optional<HeldOutStudy>>& held_out, TrainedEnsemble& graders) {
  StackResult stack =
      train_stack(stack_studies(data, graders.suspects, held_out), *training.recipe.stack, training.seed);
  log_info(text("second stage: held-out loss ", stack.held_out_loss, ", of the networks alone ", stack.first_stage_loss,
                "; ", stack.steps, " steps"));
  if (!stack.gains()) {
    log_warning("the second stage gains nothing on studies that it has not seen and is left out of the bundle");
    return;
  }
  auto stacked = stack.held_out.begin();
  for (auto& study : held_out) {
    if (study) study->networks = *stacked++;
  }
  graders.stack = std::move(stack);
}

void check_stack(const GraderTrainingOptions& training, const GraderData& data) {
  if (!training.recipe.stack || data.study_ids.size() >= kLeastStackStudies) return;
  throw Error(ErrorKind::Usage, text("the recipe ", training.recipe.name,
                                     " has a stack, which needs out-of-fold predictions of at least ",
                                     kLeastStackStudies, " studies, and the data set has ", data.study_ids.size(),
                                     "; use more studies, or leave the stack out"));
}

/// A bundle that is too large to be loaded is refused before it is trained.
void check_weights(const GraderTrainingOptions& training) {
  std::map<std::string, double> counted;  // entries are often alike
  double sum = 0;
  for (const NetworkRecipe& recipe : training.recipe.networks) {
    double& weights = counted[recipe.parameters.dump()];
    if (weights == 0) {
      const Network network = build_network("grader", recipe.parameters, "the recipe", "networks");
      for (const auto& parameter : network.module->parameters()) weights += static_cast<double>(parameter.numel());
    }
    sum += weights * static_cast<double>(training.recipe.folds_to_run().size());
  }
  if (sum <= kMaxBundleWeights) return;
  throw Error(ErrorKind::Usage, text("the recipe ", training.recipe.name, " makes networks of ", sum / kMillion,
                                     " million weights together, more than the ", kMaxBundleWeights / kMillion,
                                     " million of a bundle; run fewer folds, or leave networks out"));
}

/// What the base bundle holds must go with what is trained: told before anything is.
void check_base(const GraderTrainingOptions& training) {
  std::vector<std::string> roles;
  for (const NetworkRecipe& network : training.recipe.networks) {
    for (const Condition condition : network.conditions) roles.emplace_back(grading_role(condition));
  }
  check_replaceable(read_manifest(training.data.base_folder()), roles);
}

/// Which fold holds a study out: a member of the bundle has not seen the studies of its own fold.
void write_folds(const GraderTrainingOptions& training, const GraderData& data) {
  const std::vector<int> folds = folds_of_studies(data.study_ids.size(), training.recipe.folds, training.seed);
  std::string table = csv_line({"study_id", "fold"});
  for (size_t k = 0; k < folds.size(); ++k) table += csv_line({data.study_ids[k], text(folds[k])});
  write_file_atomically(training.record_folder() / "folds.csv", table);
}

void check_only(const GraderTrainingOptions& training) {
  if (!training.only) return;
  const std::vector<TrainingJob> jobs = training.jobs();
  if (std::find(jobs.begin(), jobs.end(), *training.only) != jobs.end()) return;
  throw Error(ErrorKind::Usage, text("the recipe ", training.recipe.name, " has no job ", training.only->name(),
                                     "; its jobs are ", jobs.front().name(), " to ", jobs.back().name()));
}

}  // namespace

std::vector<TrainingJob> GraderTrainingOptions::jobs() const {
  std::vector<TrainingJob> jobs;
  for (size_t entry = 0; entry < recipe.networks.size(); ++entry) {
    for (const int fold : recipe.folds_to_run()) jobs.push_back({entry, fold});
  }
  return jobs;
}

void train_ensemble(const GraderTrainingOptions& training) {
  check_only(training);
  check_base(training);
  check_weights(training);
  prepare_training(training);
  const GraderData data = load_grader_data(training.recipe, training.data);
  check_folds(training, data, {});
  check_stack(training, data);
  write_folds(training, data);
  const bool has_unlabelled = !training.data.unlabelled.empty() && !training.only;
  const GraderData unlabelled = has_unlabelled ? load_unlabelled_data(training.recipe, training.data) : GraderData{};
  at::set_num_threads(training.threads);  // cutting crops has set them to one
  at::globalContext().setDeterministicAlgorithms(training.deterministic, false);
  if (training.only) return train_only(training, data);
  TrainedEnsemble graders = train_conditions(training, data);
  if (has_unlabelled) {
    train_on_pseudo_labels(training, data, unlabelled, graders);
  }
  auto held_out = grade_held_out(training, data, graders, "");
  if (training.recipe.stack) train_second_stage(training, data, held_out, graders);
  const OutOfFold out_of_fold = calibrate_conditions(training, data, held_out, graders);
  write_grader_bundle(training, data, graders, write_out_of_fold(training.record_folder(), data, out_of_fold));
  log_info(text("bundle written to ", training.out.string(), "; `lumbargrade model info ", training.out.string(),
                "` shows it"));
}

}  // namespace lumbargrade
