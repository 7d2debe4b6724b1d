#include "training/grader/fold_training.h"

#include <torch/types.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include "core/error.h"
#include "core/sha256.h"
#include "network/backbone_init.h"
#include "network/grader_network.h"
#include "network/state.h"
#include "training/calibration/grader_calibration.h"
#include "training/grader/file_lock.h"
#include "training/grader/grader_batch.h"
#include "training/grader/grader_predictions.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// What a training run's seed is used for.
enum FoldStream : std::uint64_t { kNetwork, kOrder, kBatch, kPoints };

Probabilities certain(Severity severity) {
  Probabilities shares{};
  shares[index_of(severity)] = 1;
  return shares;
}

/// The samples of one network's data on both sides of a fold: with any crop to learn from, with the crop that `grade`
/// cuts to be measured by.
struct Split {
  std::vector<size_t> trained;
  std::vector<size_t> held_out;
};

Split split_samples(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job) {
  const std::vector<int> folds = folds_of_studies(data.study_ids.size(), training.recipe.folds, training.seed);
  Split split;
  const auto& samples = data.networks[job.entry].samples;
  for (size_t k = 0; k < samples.size(); ++k) {
    const bool is_held_out = folds[static_cast<size_t>(samples[k].study)] == job.fold;
    if (is_held_out && samples[k].predicted) split.held_out.push_back(k);
    if (!is_held_out && samples[k].has_crop()) split.trained.push_back(k);
  }
  return split;
}

/// Of the run's folder in checkpoint/.
std::string run_name(const GraderRecipe& recipe, const TrainingJob& job, const std::string& pass) {
  return text(job.entry, "-", name_of(recipe.networks[job.entry].conditions), pass, "-fold", job.fold);
}

class FoldTask {
 public:
  FoldTask(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job,
           const TrainingPass& pass)
      : training_(training),
        recipe_(training.recipe.networks[job.entry]),
        data_(data),
        network_data_(data.networks[job.entry]),
        job_(job),
        pass_(pass),
        split_(split_samples(training, data, job)) {
    gather_examples();
    const auto per_batch = static_cast<size_t>(pass.optimisation.studies_per_batch);
    steps_per_epoch_ = static_cast<int>((studies_.size() + per_batch - 1) / per_batch);
  }

  TrainingResult run() const {
    TrainingTask task;
    task.build = [this] { return build(); };
    if (pass_.start != nullptr) task.start = *pass_.start;
    task.start_counts = pass_.start != nullptr;
    task.steps_per_epoch = steps_per_epoch_;
    task.batch = [this](int step) { return batch(step); };
    task.held_out_loss = [this](const Network& network) { return held_out_loss(network); };
    task.several_makers = true;
    task.loss = GraderLoss(pass_.optimisation.class_weights, pass_.optimisation.any_severe);
    task.optimisation = static_cast<const OptimisationSettings&>(pass_.optimisation);
    task.identity = identity();
    return train_network(task,
                         training_run(training_, text(name_of(recipe_.conditions), pass_.name, ", fold ", job_.fold),
                                      run_name(training_.recipe, job_, pass_.name), seed(kNetwork, 0)));
  }

 private:
  void gather_examples() {
    for (const size_t sample : split_.trained) {
      const int study = network_data_.samples[sample].study;
      std::vector<Probabilities> targets;
      for (size_t c = 0; c < recipe_.conditions.size(); ++c)
        targets.push_back(is_used(sample, c) ? certain(*labelled(sample, c).severity) : Probabilities{});
      if (is_known(targets))
        examples_by_study_[study].push_back({&network_data_, sample, study, std::move(targets), 1, true, {}, {}});
    }
    for (size_t c = 0; c < recipe_.conditions.size(); ++c) priors_.push_back(prior_of(c));
    if (pass_.pseudo != nullptr) gather_pseudo_labels(*pass_.pseudo);
    for (const auto& [study, examples] : examples_by_study_) studies_.push_back(study);
  }

  /// Of the labels that are learned from.
  LevelPrior prior_of(size_t condition) const {
    std::vector<HeldOutFinding> known;
    for (const auto& [study, examples] : examples_by_study_) {
      for (const Example& example : examples) {
        if (!is_used(example.sample, condition)) continue;
        const LabelledFinding& finding = labelled(example.sample, condition);
        known.push_back({{}, *finding.severity, all_findings()[finding.finding].level, {}, 1});
      }
    }
    return level_prior(known);
  }

  const LabelledFinding& labelled(size_t sample, size_t condition) const {
    return network_data_.samples[sample].findings[condition];
  }

  /// Whether the label is there and trusted.
  bool is_used(size_t sample, size_t condition) const {
    const LabelledFinding& finding = labelled(sample, condition);
    return finding.severity && !pass_.suspects.contains({network_data_.samples[sample].study, finding.finding});
  }

  /// Which labels are learned from, for the run's identity.
  std::string used_labels() const {
    std::string used;
    for (size_t sample = 0; sample < network_data_.samples.size(); ++sample) {
      for (size_t c = 0; c < recipe_.conditions.size(); ++c) used += is_used(sample, c) ? '\1' : '\0';
    }
    return used;
  }

  void gather_pseudo_labels(const PseudoLabels& pseudo) {
    const auto first_study = static_cast<int>(data_.study_ids.size());
    for (size_t sample = 0; sample < pseudo.targets.size(); ++sample) {
      if (!is_known(pseudo.targets[sample])) continue;
      const int study = first_study + pseudo.data->samples[sample].study;
      examples_by_study_[study].push_back(
          {pseudo.data, sample, study, pseudo.targets[sample], pseudo.weight, false, {}, {}});
    }
  }

  std::uint64_t seed(FoldStream stream, int number) const {
    return seed_of({training_.seed, job_.entry, static_cast<std::uint64_t>(job_.fold), stream,
                    static_cast<std::uint64_t>(number)});
  }

  nlohmann::json identity() const {
    nlohmann::json identity = {{"network", recipe_.parameters},
                               {"data", data_.fingerprint},
                               {"fold", {job_.fold, training_.recipe.folds, training_.seed}},
                               {"points", to_json(training_.recipe.points)},
                               {"augmentation", to_json(training_.recipe.augmentation)},
                               {"studies_per_batch", pass_.optimisation.studies_per_batch},
                               {"class_weights", pass_.optimisation.class_weights},
                               {"any_severe", pass_.optimisation.any_severe},
                               {"labels", sha256_of_bytes(used_labels())},
                               {"init", training_.init.empty() ? "" : sha256_of_file(init_file())},
                               {"head_only", pass_.head_only}};
    if (pass_.pseudo != nullptr) identity["pseudo_labels"] = pass_.pseudo->identity;
    return identity;
  }

  Network build() const {
    Network network =
        build_network("grader", recipe_.parameters, "the recipe", text("networks[", job_.entry, "].parameters"));
    if (!training_.init.empty() && pass_.start == nullptr) {
      load_backbone_init(*std::dynamic_pointer_cast<GraderNetworkImpl>(network.module),
                         read_backbone_weights(init_file()), init_file().string());
    }
    if (pass_.head_only) {
      for (const auto& item : network.module->named_parameters()) {
        item.value().requires_grad_(item.key().starts_with("head."));
      }
    }
    return network;
  }

  fs::path init_file() const {
    return backbone_weights_file(training_.init, recipe_.parameters.at("backbone").get<std::string>());
  }

  /// The studies of an epoch in its own order.
  std::vector<int> order_of(int epoch) const {
    std::vector<int> order = studies_;
    std::mt19937_64 random(seed(kOrder, epoch));
    std::shuffle(order.begin(), order.end(), random);
    return order;
  }

  TrainingBatch batch(int step) const {
    const std::vector<int> order = order_of(step / steps_per_epoch_);
    const auto per_batch = static_cast<size_t>(pass_.optimisation.studies_per_batch);
    const size_t first = static_cast<size_t>(step % steps_per_epoch_) * per_batch;
    std::vector<Example> examples;
    std::vector<std::string> names;
    for (size_t k = first; k < std::min(first + per_batch, order.size()); ++k) {
      const auto& of_study = examples_by_study_.at(order[k]);
      examples.insert(examples.end(), of_study.begin(), of_study.end());
      names.push_back(study_name(order[k]));
    }
    draw_points(training_.recipe.points, seed(kPoints, step), examples);
    TrainingBatch made = augmented_batch(examples, recipe_, training_.recipe.augmentation, seed(kBatch, step));
    made.studies = std::move(names);
    return made;
  }

  std::string study_name(int study) const {
    const size_t labelled = data_.study_ids.size();
    const auto at = static_cast<size_t>(study);
    return at < labelled ? data_.study_ids[at] : text("unlabelled ", at - labelled);
  }

  /// The mean over the conditions.
  double held_out_loss(const Network& network) const {
    const torch::Tensor answers =
        predictions_of(network, network_data_, split_.held_out, torch::Device(training_.device));
    double sum = 0;
    for (size_t c = 0; c < recipe_.conditions.size(); ++c) sum += held_out_loss(answers, c);
    return sum / static_cast<double>(recipe_.conditions.size());
  }

  double held_out_loss(const torch::Tensor& answers, size_t condition) const {
    std::map<FindingKey, size_t> labels;  // and a sample that shows it
    for (const size_t sample : split_.held_out) {
      const LabelledFinding& finding = labelled(sample, condition);
      if (finding.severity) labels[{network_data_.samples[sample].study, finding.finding}] = sample;
    }
    const auto count = static_cast<std::int64_t>(labels.size());
    TargetRows rows{torch::zeros({count, kSeverityCount}), torch::ones({count}),
                    torch::full({count}, -1, torch::kLong)};
    HeldOutLogits held_out{torch::empty({count, kSeverityCount}), torch::empty({count}),
                           torch::empty({count, kSeverityCount})};
    const auto said = by_finding(answers, network_data_, split_.held_out, condition, training_.recipe.combine);
    std::int64_t row = 0;
    for (const auto& [key, sample] : labels) {
      held_out.logits[row] = said.at(key)[0];
      held_out.confidence[row] = network_data_.samples[sample].confidence;
      const Probabilities& prior = priors_[condition][index_of(all_findings()[key.second].level)];
      for (size_t c = 0; c < prior.size(); ++c) held_out.prior[row][static_cast<std::int64_t>(c)] = prior[c];
      rows.shares[row][static_cast<std::int64_t>(*labelled(sample, condition).severity)] = 1;
      if (recipe_.conditions[condition] == Condition::SpinalCanalStenosis) rows.canal_studies[row] = key.first;
      ++row;
    }
    return loss_in_bundle(held_out, rows);
  }

  const GraderTrainingOptions& training_;
  const NetworkRecipe& recipe_;
  const GraderData& data_;
  const NetworkData& network_data_;
  TrainingJob job_;
  const TrainingPass& pass_;
  Split split_;
  std::map<int, std::vector<Example>> examples_by_study_;
  std::vector<int> studies_;        // that are learned from
  std::vector<LevelPrior> priors_;  // by condition, of the labels that are learned from
  int steps_per_epoch_ = 0;
};

void check_fold(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job,
                const std::set<FindingKey>& suspects) {
  const Split split = split_samples(training, data, job);
  const auto& samples = data.networks[job.entry].samples;
  const std::vector<Condition>& conditions = training.recipe.networks[job.entry].conditions;
  const std::string remedy = suspects.empty() ? "use fewer folds" : "raise drop_suspects in the recipe";
  const std::string_view when = suspects.empty() ? "" : " once suspect labels are left out";
  for (size_t c = 0; c < conditions.size(); ++c) {
    std::array<bool, kSeverityCount> seen{};
    for (const size_t sample : split.trained) {
      const LabelledFinding& label = samples[sample].findings[c];
      if (label.severity && !suspects.contains({samples[sample].study, label.finding}))
        seen[index_of(*label.severity)] = true;
    }
    const auto classes = std::count(seen.begin(), seen.end(), true);
    const bool is_measured = std::any_of(split.held_out.begin(), split.held_out.end(),
                                         [&](size_t sample) { return samples[sample].findings[c].severity; });
    if (classes == 0 || !is_measured) {
      throw Error(ErrorKind::Usage,
                  text("fold ", job.fold, " of ", training.recipe.folds, " has no labelled finding of ",
                       condition_key(conditions[c]), " to ", classes == 0 ? "train on" : "measure at predicted points",
                       when, "; ", remedy));
    }
    if (classes < 2) {
      throw Error(ErrorKind::Usage, text("all labels of ", condition_key(conditions[c]), " in fold ", job.fold,
                                         " are of one class", when, ": there is nothing to learn; ", remedy));
    }
  }
}

}  // namespace

bool is_known(const std::vector<Probabilities>& targets) {
  return std::any_of(targets.begin(), targets.end(),
                     [](const Probabilities& target) { return target != Probabilities{}; });
}

std::vector<int> folds_of_studies(size_t studies, int folds, std::uint64_t seed) {
  std::vector<size_t> order(studies);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<int> fold(studies);
  for (size_t k = 0; k < studies; ++k) fold[order[k]] = static_cast<int>(k) % folds;
  return fold;
}

void check_folds(const GraderTrainingOptions& training, const GraderData& data, const std::set<FindingKey>& suspects) {
  for (const int fold : training.recipe.folds_to_run()) {
    for (size_t entry = 0; entry < data.networks.size(); ++entry) check_fold(training, data, {entry, fold}, suspects);
  }
}

bool is_fold_trained(const GraderTrainingOptions& training, const TrainingJob& job, const std::string& pass) {
  return is_trained(training_run(training, "", run_name(training.recipe, job, pass), 0));
}

TrainingResult train_fold(const GraderTrainingOptions& training, const GraderData& data, const TrainingJob& job,
                          const TrainingPass& pass) {
  const auto lock = FileLock::take(training.out / "checkpoint" / run_name(training.recipe, job, pass.name) / ".lock");
  if (lock) return FoldTask(training, data, job, pass).run();
  throw Error(ErrorKind::Failure, text("job ", job.name(), " in ", training.out.string(),
                                       " is being trained by another process; wait for it, or end it"));
}

}  // namespace lumbargrade
