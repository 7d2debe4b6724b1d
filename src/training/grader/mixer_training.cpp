#include "training/grader/mixer_training.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/error.h"
#include "core/log.h"
#include "core/sha256.h"
#include "grades/study_mixing.h"
#include "network/state.h"
#include "training/grader/grader_loss.h"
#include "training/grader/grader_predictions.h"
#include "training/loop/trainer.h"

namespace lumbargrade {
namespace {

constexpr double kSwappedShare = 0.5;
constexpr std::uint64_t kMixerSeed = 1000;  // beside the indices of the recipe's networks
/// What a training run's seed is used for.
enum MixerStream : std::uint64_t { kMixerNetwork, kMixerOrder, kMixerSwaps };

/// First stage and truth of S studies.
struct Studies {
  TensorMap inputs;      ///< of the mixer
  torch::Tensor shares;  ///< S x 25 x 3: labels; zeros where there is none
  torch::Tensor known;   ///< S x 25 x 3: labels that the mixer may learn from
};

torch::Tensor swapped_order() {
  std::vector<std::int64_t> order;
  for (size_t finding = 0; finding < kFindingCount; ++finding) {
    order.push_back(static_cast<std::int64_t>(other_side(finding)));
  }
  return torch::tensor(order);
}

class MixerTask {
 public:
  MixerTask(const GraderTrainingOptions& training, const GraderData& data, int fold,
            const std::vector<MixerMember>& members)
      : training_(training), recipe_(*training.recipe.mixer), data_(data), fold_(fold), members_(members) {
    const std::vector<int> folds = folds_of_studies(data.study_ids.size(), training.recipe.folds, training.seed);
    for (size_t study = 0; study < folds.size(); ++study) {
      (folds[study] == fold ? held_out_ : trained_).push_back(static_cast<std::int64_t>(study));
    }
    look_at_studies();
    per_batch_ = static_cast<size_t>(recipe_.optimisation.studies_per_batch);
    steps_per_epoch_ = static_cast<int>((trained_.size() + per_batch_ - 1) / per_batch_);
  }

  MixerResult run() const {
    TrainingTask task;
    task.build = [this] { return build(); };
    task.start_counts = true;
    task.steps_per_epoch = steps_per_epoch_;
    task.batch = [this](int step) { return batch(step); };
    task.held_out_loss = [this](const Network& network) { return held_out_loss(mixed(network)); };
    task.loss = GraderLoss(recipe_.optimisation.class_weights, recipe_.optimisation.any_severe);
    task.optimisation = recipe_.optimisation;
    task.identity = identity();
    const TrainingResult learned = train_network(task, own_run());
    MixerResult result;
    result.state = learned.state;
    result.parameters = parameters();
    result.example = chosen(torch::tensor(std::vector<std::int64_t>{held_out_.front()}));
    result.first_stage_loss = held_out_loss(studies_.inputs.at("logits").index_select(0, torch::tensor(held_out_)));
    result.held_out_loss = learned.held_out_loss;
    result.best_epoch = learned.best_epoch;
    return result;
  }

 private:
  /// Runs the first stage over all labelled findings, cut as `grade` cuts them.
  void look_at_studies() {
    const torch::Device device(training_.device);
    const auto count = static_cast<std::int64_t>(data_.study_ids.size());
    std::vector<std::vector<MemberPredictions>> by_study(data_.study_ids.size());
    studies_.shares = torch::zeros({count, kFindingCount, kSeverityCount});
    studies_.known = torch::zeros({count, kFindingCount, kSeverityCount});
    torch::Tensor doubted = torch::zeros({count, kFindingCount, 1});
    for (const MixerMember& member : members_) {
      const NetworkData& data = data_.networks[member.network];
      const NetworkRecipe& recipe = training_.recipe.networks[member.network];
      add_answers(data, predictions_of(recipe, *member.state, data, device), by_study);
      for (const size_t k : shown_samples(data)) {
        const auto study = static_cast<std::int64_t>(data.samples[k].study);
        const auto finding = static_cast<std::int64_t>(data.samples[k].finding);
        studies_.shares[study][finding][static_cast<std::int64_t>(*data.samples[k].severity)] = 1;
        if (!(*member.used)[k]) doubted[study][finding] = 1;
      }
    }
    studies_.known = studies_.shares * (1 - doubted);
    std::map<std::string, std::vector<torch::Tensor>> inputs;
    for (const auto& answers : by_study) {
      for (const auto& [name, tensor] : mixer_inputs(answers, training_.recipe.combine)) inputs[name].push_back(tensor);
    }
    for (const auto& [name, tensors] : inputs) studies_.inputs.emplace(name, torch::cat(tensors));
  }

  /// One more member for every study, of the findings that `grade` would show it; samples are ordered by study.
  static void add_answers(const NetworkData& data, const GraderPredictions& answers,
                          std::vector<std::vector<MemberPredictions>>& by_study) {
    const std::vector<size_t> shown = shown_samples(data);
    size_t first = 0;
    for (size_t study = 0; study < by_study.size(); ++study) {
      MemberPredictions member;
      while (first + member.findings.size() < shown.size() &&
             data.samples[shown[first + member.findings.size()]].study == static_cast<int>(study)) {
        member.findings.push_back(data.samples[shown[first + member.findings.size()]].finding);
      }
      const auto from = static_cast<std::int64_t>(first), rows = static_cast<std::int64_t>(member.findings.size());
      member.logits = answers.logits.narrow(0, from, rows);
      member.features = answers.features.narrow(0, from, rows);
      first += member.findings.size();
      by_study[study].push_back(std::move(member));
    }
  }

  std::uint64_t seed(MixerStream stream, int number) const {
    return seed_of(
        {training_.seed, kMixerSeed, static_cast<std::uint64_t>(fold_), stream, static_cast<std::uint64_t>(number)});
  }

  /// On the CPU: it is small.
  TrainingRun own_run() const {
    TrainingRun run =
        training_run(training_, text("study mixer, fold ", fold_), text("mixer-fold", fold_), seed(kMixerNetwork, 0));
    run.device = torch::kCPU;
    run.bfloat16 = false;
    return run;
  }

  nlohmann::json identity() const {
    nlohmann::json identity = {{"network", parameters()},
                               {"data", data_.fingerprint},
                               {"fold", {fold_, training_.recipe.folds, training_.seed}},
                               {"combine", training_.recipe.combine},
                               {"studies_per_batch", recipe_.optimisation.studies_per_batch},
                               {"class_weights", recipe_.optimisation.class_weights},
                               {"any_severe", recipe_.optimisation.any_severe}};
    for (const MixerMember& member : members_) {
      identity["members"].push_back(digest_of(*member.state));
      identity["labels"].push_back(sha256_of_bytes(std::string(member.used->begin(), member.used->end())));
    }
    return identity;
  }

  nlohmann::json parameters() const {
    nlohmann::json parameters = {{"features", studies_.inputs.at("features").size(2)},
                                 {"hidden", recipe_.hidden},
                                 {"layers", recipe_.layers},
                                 {"dropout", recipe_.dropout}};
    if (recipe_.over != "study") parameters["over"] = recipe_.over;
    return parameters;
  }

  Network build() const { return build_network("study_mixer", parameters(), "the recipe", "mixer"); }

  TensorMap chosen(const torch::Tensor& studies) const {
    TensorMap some;
    for (const auto& [name, tensor] : studies_.inputs) some.emplace(name, tensor.index_select(0, studies));
    return some;
  }

  TrainingBatch batch(int step) const {
    std::vector<std::int64_t> order = trained_;
    std::mt19937_64 random(seed(kMixerOrder, step / steps_per_epoch_));
    std::shuffle(order.begin(), order.end(), random);
    const size_t first = static_cast<size_t>(step % steps_per_epoch_) * per_batch_;
    const size_t last = std::min(first + per_batch_, order.size());
    const std::vector<std::int64_t> some(order.begin() + static_cast<std::ptrdiff_t>(first),
                                         order.begin() + static_cast<std::ptrdiff_t>(last));
    TrainingBatch made;
    const torch::Tensor studies = torch::tensor(some);
    made.inputs = chosen(studies);
    torch::Tensor shares = studies_.known.index_select(0, studies);
    swap_sides(seed(kMixerSwaps, step), made.inputs, shares);
    made.targets = rows_of(shares, some).tensors();
    for (const std::int64_t study : some) made.studies.push_back(data_.study_ids[static_cast<size_t>(study)]);
    return made;
  }

  /// Exchanges left and right in half of the studies, labels too.
  static void swap_sides(std::uint64_t seed, TensorMap& inputs, torch::Tensor& shares) {
    std::mt19937_64 random(seed);
    std::bernoulli_distribution toss(kSwappedShare);
    const torch::Tensor order = swapped_order();
    const auto swap = [&](torch::Tensor& tensor, std::int64_t row) {
      tensor[row] = tensor[row].index_select(0, order);
    };
    for (std::int64_t row = 0; row < shares.size(0); ++row) {
      if (!toss(random)) continue;
      for (auto& [name, tensor] : inputs) swap(tensor, row);
      swap(shares, row);
    }
  }

  /// `shares` S x 25 x 3 as rows.
  static TargetRows rows_of(const torch::Tensor& shares, const std::vector<std::int64_t>& studies) {
    const std::int64_t count = shares.size(0) * kFindingCount;
    TargetRows rows{shares.reshape({-1, kSeverityCount}), torch::ones({count}), torch::full({count}, -1, torch::kLong)};
    const torch::Tensor labelled = rows.shares.sum(1);
    for (std::int64_t k = 0; k < count; ++k) {
      const auto at = static_cast<size_t>(k);
      const bool canal = all_findings()[at % kFindingCount].condition == Condition::SpinalCanalStenosis;
      if (canal && labelled[k].item<float>() > 0) rows.canal_studies[k] = studies[at / kFindingCount];
    }
    return rows;
  }

  /// Logits of the held-out studies, N x 25 x 3.
  torch::Tensor mixed(const Network& network) const {
    const torch::NoGradGuard no_gradients;
    network.module->eval();
    return network.forward(chosen(torch::tensor(held_out_))).at("grade").transpose(1, 2);
  }

  /// Summed over the conditions.
  double held_out_loss(const torch::Tensor& logits) const {
    const TargetRows all = rows_of(studies_.shares.index_select(0, torch::tensor(held_out_)), held_out_);
    const torch::Tensor flat = logits.reshape({-1, kSeverityCount});
    double sum = 0;
    for (const Condition condition : kConditions) {
      std::vector<std::int64_t> rows;
      for (std::int64_t row = 0; row < flat.size(0); ++row) {
        if (all_findings()[static_cast<size_t>(row) % kFindingCount].condition == condition) rows.push_back(row);
      }
      const torch::Tensor index = torch::tensor(rows);
      const TargetRows some{all.shares.index_select(0, index), all.weights.index_select(0, index),
                            all.canal_studies.index_select(0, index)};
      if (some.shares.sum().item<float>() > 0) sum += official_loss()(flat.index_select(0, index), some).item<double>();
    }
    return sum;
  }

  const GraderTrainingOptions& training_;
  const MixerRecipe& recipe_;
  const GraderData& data_;
  int fold_;
  const std::vector<MixerMember>& members_;
  std::vector<std::int64_t> trained_;
  std::vector<std::int64_t> held_out_;
  Studies studies_;
  size_t per_batch_ = 1;
  int steps_per_epoch_ = 1;
};

}  // namespace

MixerResult train_mixer(const GraderTrainingOptions& training, const GraderData& data, int fold,
                        const std::vector<MixerMember>& members) {
  MixerResult result = MixerTask(training, data, fold, members).run();
  log_info(text("study mixer, fold ", fold, ": held-out loss ", result.held_out_loss, ", of the first stage alone ",
                result.first_stage_loss, result.best_epoch == 0 ? ": no better, it changes nothing" : ""));
  return result;
}

size_t other_side(size_t finding) {
  Finding mirrored = all_findings()[finding];
  if (!mirrored.side) return finding;
  mirrored.side = *mirrored.side == Side::Left ? Side::Right : Side::Left;
  const auto found = std::find(all_findings().begin(), all_findings().end(), mirrored);
  return static_cast<size_t>(found - all_findings().begin());
}

}  // namespace lumbargrade
