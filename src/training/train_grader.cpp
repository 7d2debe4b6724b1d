#include "training/train_grader.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <opencv2/core.hpp>

#include "bundle/bundle.h"
#include "bundle/find_bundle.h"
#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "metric/cases.h"
#include "training/grader_bundle.h"
#include "training/grader_calibration.h"
#include "training/grader_trainer.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

std::vector<int> folds_to_run(const GraderRecipe& recipe) {
  if (!recipe.run_folds.empty()) return recipe.run_folds;
  std::vector<int> folds(static_cast<size_t>(recipe.folds));
  std::iota(folds.begin(), folds.end(), 0);
  return folds;
}

TrainedEntry train_folds(const GraderTraining& training, const GraderData& data, size_t index,
                         const std::vector<bool>& used, const std::string& pass) {
  TrainedEntry trained;
  trained.recipe = index;
  trained.held_out.resize(data.networks[index].samples.size());
  const auto role = grading_role(training.recipe.networks[index].condition);
  for (const int fold : folds_to_run(training.recipe)) {
    const fs::path folder = training.out / "checkpoint" / text(index, "-", role, pass, "-fold", fold);
    FoldResult result = train_fold(training, data, index, fold, used, folder);
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
  return 1 - softmax(logits)[static_cast<size_t>(severity)];
}

std::vector<bool> trusted_labels(const GraderTraining& training, const GraderData& data, size_t index,
                                 const TrainedEntry& first_pass, std::string& table) {
  const auto& samples = data.networks[index].samples;
  std::vector<bool> used(samples.size(), true);
  for (size_t k = 0; k < samples.size(); ++k) {
    if (!first_pass.held_out[k]) continue;
    const double distance = disagreement(*first_pass.held_out[k], samples[k].severity);
    if (distance < training.recipe.drop_suspects) continue;
    used[k] = false;
    table += csv_line({data.study_ids[static_cast<size_t>(samples[k].study)],
                       finding_key(all_findings()[samples[k].finding]), std::string(severity_key(samples[k].severity)),
                       text(distance)});
  }
  return used;
}

TrainedEntry train_entry(const GraderTraining& training, const GraderData& data, size_t index, std::string& suspects) {
  const std::vector<bool> all(data.networks[index].samples.size(), true);
  TrainedEntry trained = train_folds(training, data, index, all, "");
  if (training.recipe.drop_suspects <= 0) return trained;
  const auto trusted = trusted_labels(training, data, index, trained, suspects);
  log_info(text(std::count(trusted.begin(), trusted.end(), false), " suspect labels are left out"));
  return train_folds(training, data, index, trusted, "-trusted");
}

/// A finding by study and place in all_findings().
using FindingKey = std::pair<int, size_t>;

/// The mean of several entries' probabilities, or of their logits, as logits again.
Logits averaged(const std::vector<Logits>& several, const std::string& combine) {
  Logits sum{};
  for (const Logits& logits : several) {
    const Probabilities p = softmax(logits);
    for (size_t c = 0; c < sum.size(); ++c) sum[c] += combine == "logits" ? logits[c] : p[c];
  }
  for (double& value : sum) {
    value /= static_cast<double>(several.size());
    if (combine != "logits") value = std::log(std::max(value, 1e-12));
  }
  return sum;
}

/// What a condition's entries together said of findings that they had not seen.
std::map<FindingKey, HeldOutFinding> held_out_findings(const GraderData& data, const TrainedHead& head,
                                                       const std::string& combine) {
  std::map<FindingKey, std::vector<Logits>> logits;
  std::map<FindingKey, HeldOutFinding> findings;
  for (const TrainedEntry& entry : head.entries) {
    const auto& samples = data.networks[entry.recipe].samples;
    for (size_t k = 0; k < samples.size(); ++k) {
      if (!entry.held_out[k]) continue;
      const FindingKey key{samples[k].study, samples[k].finding};
      logits[key].push_back(*entry.held_out[k]);
      findings[key] = {{}, samples[k].severity, all_findings()[samples[k].finding].level, samples[k].measured};
    }
  }
  for (auto& [key, finding] : findings) finding.logits = averaged(logits.at(key), combine);
  return findings;
}

LevelPrior base_prior(const GraderTraining& training, Condition condition) {
  const auto& base = training.data.base_bundle;
  const Manifest manifest = read_manifest(find_bundle(base.empty() ? std::nullopt : std::optional(base)));
  return manifest.grading.prior[static_cast<size_t>(condition)];
}

/// Probabilities of the findings of the studies that were held out, by study.
using OutOfFold = std::map<int, std::array<std::optional<Probabilities>, kFindingCount>>;

void calibrate(const GraderTraining& training, const GraderData& data, TrainedHead& head, OutOfFold& all) {
  // Bundles answer frequencies: calibration knows no class weights, whatever training was weighted with.
  constexpr std::array<double, kSeverityCount> kNoWeights = {1, 1, 1};
  const auto by_key = held_out_findings(data, head, training.recipe.combine);
  std::vector<HeldOutFinding> findings;
  for (const auto& [key, finding] : by_key) findings.push_back(finding);
  head.prior = training.recipe.keep_prior ? base_prior(training, head.condition) : weighted_prior(findings, kNoWeights);
  head.fit = fit_head(findings, head.prior, kNoWeights,
                      {training.recipe.largest_model_weight, training.recipe.smallest_measure_weight});
  head.held_out_findings = static_cast<int>(findings.size());
  head.measured_findings = static_cast<int>(std::count_if(
      findings.begin(), findings.end(), [](const auto& finding) { return finding.measured.has_value(); }));
  log_info(text(grading_role(head.condition), ": temperature ", head.fit.temperature, ", weight against the prior ",
                head.fit.model_weight, ", share of the measure ", head.fit.measure_weight, " (", head.measured_findings,
                " of ", findings.size(), " measured); held-out loss ", head.fit.loss, ", of the measure alone ",
                head.fit.measure_loss, ", of the prior alone ", head.fit.prior_loss));
  for (const auto& [key, finding] : by_key) {
    all[key.first][key.second] = head_probabilities(finding, head.prior, head.fit);
  }
}

TrainedHead& head_of(Condition condition, std::vector<TrainedHead>& heads) {
  for (TrainedHead& head : heads) {
    if (head.condition == condition) return head;
  }
  heads.emplace_back();
  heads.back().condition = condition;
  return heads.back();
}

const char* challenge_words(Severity severity) {
  constexpr std::array<const char*, kSeverityCount> kWords = {"Normal/Mild", "Moderate", "Severe"};
  return kWords[static_cast<size_t>(severity)];
}

/// Frequencies as the challenge's metric rewards them: each times its weight, normalised, as `submission` does.
Probabilities as_submitted(Probabilities p) {
  double sum = 0;
  for (size_t c = 0; c < p.size(); ++c) sum += p[c] *= challenge_weight(static_cast<Severity>(c));
  for (double& value : p) value /= sum;
  return p;
}

/// Only findings that a network saw are labelled there, so that the two files belong together.
void write_out_of_fold(const fs::path& folder, const GraderData& data, const OutOfFold& all) {
  std::map<std::pair<int, size_t>, Severity> labels;
  for (const NetworkData& network : data.networks) {
    for (const GraderSample& sample : network.samples) labels[{sample.study, sample.finding}] = sample.severity;
  }
  std::vector<std::string> header = {"study_id"};
  for (const Finding& finding : all_findings()) header.push_back(finding_key(finding));
  std::string predictions = csv_line({"row_id", "normal_mild", "moderate", "severe"}), truth = csv_line(header);
  for (const auto& [study, findings] : all) {
    const std::string& id = data.study_ids[static_cast<size_t>(study)];
    std::vector<std::string> row = {id};
    for (size_t k = 0; k < kFindingCount; ++k) {
      row.emplace_back(findings[k] ? challenge_words(labels.at({study, k})) : "");
      const Probabilities p = as_submitted(findings[k].value_or(Probabilities{1.0 / 3, 1.0 / 3, 1.0 / 3}));
      predictions += csv_line({id + "_" + finding_key(all_findings()[k]), text(p[0]), text(p[1]), text(p[2])});
    }
    truth += csv_line(row);
  }
  write_file_atomically(folder / "out_of_fold.csv", predictions);
  write_file_atomically(folder / "out_of_fold_labels.csv", truth);
}

void check_output(const GraderTraining& training) {
  if (training.resume || !fs::exists(training.out) || fs::is_empty(training.out)) return;
  throw Error(ErrorKind::Usage, text(training.out.string(), " is not empty; give another --out, or --resume"));
}

}  // namespace

void train_grader(const GraderTraining& training) {
  check_output(training);
  fs::create_directories(training.out / "training");
  cv::setNumThreads(1);
  const GraderData data = load_grader_data(training.recipe, training.data);
  at::set_num_threads(training.threads);
  at::globalContext().setDeterministicAlgorithms(training.deterministic, false);
  std::vector<TrainedHead> heads;
  std::string suspects = csv_line({"study_id", "finding", "label", "disagreement"});
  for (size_t index = 0; index < training.recipe.networks.size(); ++index) {
    TrainedHead& head = head_of(training.recipe.networks[index].condition, heads);
    head.entries.push_back(train_entry(training, data, index, suspects));
  }
  OutOfFold out_of_fold;
  for (TrainedHead& head : heads) calibrate(training, data, head, out_of_fold);
  write_out_of_fold(training.out / "training", data, out_of_fold);
  if (training.recipe.drop_suspects > 0) write_file_atomically(training.out / "training" / "suspects.csv", suspects);
  write_grader_bundle(training, data, heads);
  log_info(text("bundle written to ", training.out.string(), "; `lumbargrade model info ", training.out.string(),
                "` shows it"));
}

}  // namespace lumbargrade
