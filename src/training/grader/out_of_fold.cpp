#include "training/grader/out_of_fold.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "bundle/bundle.h"
#include "bundle/find_bundle.h"
#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "grades/study_mixing.h"
#include "metric/cases.h"
#include "training/grader/grader_predictions.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// Several entries' logits of one finding as one.
Logits combined(const std::vector<Logits>& several, const std::string& combine) {
  std::vector<torch::Tensor> tensors;
  for (const Logits& logits : several) {
    tensors.push_back(torch::tensor(std::vector<double>(logits.begin(), logits.end()), torch::kFloat64).unsqueeze(0));
  }
  return logits_of(combined_logits(tensors, combine)[0]);
}

/// What a condition's entries together said of findings that they had not seen.
std::map<FindingKey, HeldOutFinding> held_out_findings(const GraderData& data,
                                                       const TrainedCondition& trained_condition,
                                                       const std::string& combine) {
  std::map<FindingKey, std::vector<Logits>> logits;
  std::map<FindingKey, HeldOutFinding> findings;
  for (const TrainedEntry& entry : trained_condition.entries) {
    const auto& samples = data.networks[entry.recipe].samples;
    for (size_t k = 0; k < samples.size(); ++k) {
      if (!entry.held_out[k]) continue;
      const FindingKey key{samples[k].study, samples[k].finding};
      logits[key].push_back(*entry.held_out[k]);
      findings[key] = {{}, *samples[k].severity, all_findings()[samples[k].finding].level, samples[k].measured};
    }
  }
  for (auto& [key, finding] : findings) finding.logits = combined(logits.at(key), combine);
  return findings;
}

/// All labels of a condition, with nothing said of them.
std::vector<HeldOutFinding> labelled_findings(const GraderData& data, const TrainedCondition& trained_condition) {
  std::map<FindingKey, HeldOutFinding> findings;
  for (const TrainedEntry& entry : trained_condition.entries) {
    for (const GraderSample& sample : data.networks[entry.recipe].samples) {
      const Level level = all_findings()[sample.finding].level;
      findings[{sample.study, sample.finding}] = {{}, *sample.severity, level, sample.measured};
    }
  }
  std::vector<HeldOutFinding> list;
  for (const auto& [key, finding] : findings) list.push_back(finding);
  return list;
}

/// The second stage's answers in place of the first one's.
void mix(const std::vector<MixerResult>& mixers, std::map<FindingKey, HeldOutFinding>& findings) {
  for (auto& [key, finding] : findings) {
    for (const MixerResult& mixer : mixers) {
      const auto& mixed = mixer.held_out[static_cast<size_t>(key.first)][key.second];
      if (mixed) finding.logits = *mixed;
    }
  }
}

LevelPrior base_prior(const GraderTrainingOptions& training, Condition condition) {
  const auto& base = training.data.base_bundle;
  const Manifest manifest = read_manifest(find_bundle(base.empty() ? std::nullopt : std::optional(base)));
  return manifest.grading.prior[index_of(condition)];
}

void calibrate(const GraderTrainingOptions& training, const GraderData& data, const std::vector<MixerResult>& mixers,
               TrainedCondition& trained_condition, OutOfFold& all) {
  // Bundles answer frequencies: calibration knows no class weights, whatever training was weighted with.
  constexpr std::array<double, kSeverityCount> kNoWeights = {1, 1, 1};
  auto by_key = held_out_findings(data, trained_condition, training.recipe.combine);
  mix(mixers, by_key);
  std::vector<HeldOutFinding> findings;
  for (const auto& [key, finding] : by_key) findings.push_back(finding);
  trained_condition.prior = training.recipe.keep_prior
                                ? base_prior(training, trained_condition.condition)
                                : weighted_prior(labelled_findings(data, trained_condition), kNoWeights);
  const auto& silent = training.recipe.silent;
  const bool is_silent = std::count(silent.begin(), silent.end(), trained_condition.condition) > 0;
  trained_condition.fit =
      fit_condition(findings, trained_condition.prior, kNoWeights,
                    {is_silent ? 0 : training.recipe.largest_model_weight, training.recipe.smallest_measure_weight});
  trained_condition.held_out_findings = static_cast<int>(findings.size());
  trained_condition.measured_findings = static_cast<int>(std::count_if(
      findings.begin(), findings.end(), [](const auto& finding) { return finding.measured.has_value(); }));
  log_info(text(grading_role(trained_condition.condition), ": temperature ", trained_condition.fit.temperature,
                ", weight against the prior ", trained_condition.fit.model_weight, ", share of the measure ",
                trained_condition.fit.measure_weight, " (", trained_condition.measured_findings, " of ",
                findings.size(), " measured); held-out loss ", trained_condition.fit.loss, ", of the measure alone ",
                trained_condition.fit.measure_loss, ", of the prior alone ", trained_condition.fit.prior_loss));
  for (const auto& [key, finding] : by_key) {
    all[key.first][key.second] = condition_probabilities(finding, trained_condition.prior, trained_condition.fit);
  }
}

/// Frequencies as the challenge's metric rewards them: each times its weight, normalised, as `submission` does.
Probabilities as_submitted(Probabilities p) {
  double sum = 0;
  for (size_t c = 0; c < p.size(); ++c) sum += p[c] *= challenge_weight(static_cast<Severity>(c));
  for (double& value : p) value /= sum;
  return p;
}

}  // namespace

OutOfFold calibrate_conditions(const GraderTrainingOptions& training, const GraderData& data,
                               TrainedEnsemble& graders) {
  OutOfFold all;
  for (TrainedCondition& trained_condition : graders.conditions)
    calibrate(training, data, graders.mixers, trained_condition, all);
  return all;
}

void write_out_of_fold(const fs::path& folder, const GraderData& data, const OutOfFold& all) {
  std::map<FindingKey, Severity> labels;
  for (const NetworkData& network : data.networks) {
    for (const GraderSample& sample : network.samples) labels[{sample.study, sample.finding}] = *sample.severity;
  }
  std::vector<std::string> header = {"study_id"};
  for (const Finding& finding : all_findings()) header.push_back(finding_key(finding));
  std::string predictions = csv_line({"row_id", "normal_mild", "moderate", "severe"}), truth = csv_line(header);
  for (const auto& [study, findings] : all) {
    const std::string& id = data.study_ids[static_cast<size_t>(study)];
    std::vector<std::string> row = {id};
    for (size_t k = 0; k < kFindingCount; ++k) {
      row.emplace_back(findings[k] ? train_csv_word(labels.at({study, k})) : "");
      const Probabilities p = as_submitted(findings[k].value_or(Probabilities{1.0 / 3, 1.0 / 3, 1.0 / 3}));
      predictions += csv_line({id + "_" + finding_key(all_findings()[k]), text(p[0]), text(p[1]), text(p[2])});
    }
    truth += csv_line(row);
  }
  write_file_atomically(folder / "out_of_fold.csv", predictions);
  write_file_atomically(folder / "out_of_fold_labels.csv", truth);
}

}  // namespace lumbargrade
