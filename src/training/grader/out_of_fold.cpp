#include "training/grader/out_of_fold.h"

#include <algorithm>
#include <cmath>

#include "bundle/manifest.h"
#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "metric/bootstrap.h"
#include "metric/score.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kSmallestProbability = 1e-12;
constexpr int kResamples = 1000;

/// The labelled findings of a condition.
std::map<FindingKey, Severity> labels_of_condition(const GraderData& data, Condition condition) {
  std::map<FindingKey, Severity> labels = labels_of(data);
  std::erase_if(labels, [&](const auto& item) { return all_findings()[item.first.second].condition != condition; });
  return labels;
}

/// Logarithms, whose softmax they are.
Logits logits_from(const Probabilities& probabilities) {
  Logits logits{};
  for (size_t c = 0; c < logits.size(); ++c) logits[c] = std::log(std::max(probabilities[c], kSmallestProbability));
  return logits;
}

HeldOutFinding held_out_finding(const HeldOutStudy& study, size_t finding, Severity severity) {
  const Level level = all_findings()[finding].level;
  const auto& said = study.networks[finding];
  return {said ? std::optional(logits_from(*said)) : std::nullopt, severity, level, study.measured[finding],
          study.confidence[index_of(level)]};
}

std::map<FindingKey, HeldOutFinding> held_out_findings(const std::vector<std::optional<HeldOutStudy>>& held_out,
                                                       const std::map<FindingKey, Severity>& labels) {
  std::map<FindingKey, HeldOutFinding> findings;
  for (const auto& [key, severity] : labels) {
    const auto& study = held_out[static_cast<size_t>(key.first)];
    if (study) findings[key] = held_out_finding(*study, key.second, severity);
  }
  return findings;
}

LevelPrior labelled_prior(const std::map<FindingKey, Severity>& labels) {
  std::vector<HeldOutFinding> list;
  for (const auto& [key, severity] : labels)
    list.push_back({std::nullopt, severity, all_findings()[key.second].level, std::nullopt});
  return level_prior(list);
}

void calibrate(const GraderTrainingOptions& training, const GraderData& data,
               const std::vector<std::optional<HeldOutStudy>>& held_out, TrainedCondition& trained_condition,
               OutOfFold& all) {
  const auto labels = labels_of_condition(data, trained_condition.condition);
  const auto by_key = held_out_findings(held_out, labels);
  std::vector<HeldOutFinding> findings;
  for (const auto& [key, finding] : by_key) findings.push_back(finding);
  trained_condition.prior =
      training.recipe.keep_prior
          ? read_manifest(training.data.base_folder()).grading.prior[index_of(trained_condition.condition)]
          : labelled_prior(labels);
  const auto& silent = training.recipe.silent;
  const bool is_silent = std::count(silent.begin(), silent.end(), trained_condition.condition) > 0;
  trained_condition.fit =
      fit_condition(findings, trained_condition.prior,
                    {is_silent ? 0 : training.recipe.largest_model_weight, training.recipe.smallest_measure_weight});
  trained_condition.held_out_findings = static_cast<int>(findings.size());
  trained_condition.lost_findings = static_cast<int>(
      std::count_if(findings.begin(), findings.end(), [](const auto& finding) { return !finding.logits; }));
  trained_condition.measured_findings = static_cast<int>(std::count_if(
      findings.begin(), findings.end(), [](const auto& finding) { return finding.measured.has_value(); }));
  log_info(text(grading_role(trained_condition.condition), ": temperature ", trained_condition.fit.temperature,
                ", weight against the prior ", trained_condition.fit.model_weight, ", share of the measure ",
                trained_condition.fit.measure_weight, " (", trained_condition.measured_findings, " of ",
                findings.size(), " measured, ", trained_condition.lost_findings, " seen by no network); held-out loss ",
                trained_condition.fit.loss, ", of the measure alone ", trained_condition.fit.measure_loss,
                ", of the prior alone ", trained_condition.fit.prior_loss));
  for (const auto& [key, finding] : by_key) {
    all[key.first][key.second] = condition_probabilities(finding, trained_condition.prior, trained_condition.fit);
  }
}

/// The score of the two tables, by the code of `lumbargrade score`.
std::optional<double> log_score(const fs::path& folder) {
  const auto studies = read_submission(folder / "out_of_fold.csv", read_truth(folder / "out_of_fold_labels.csv"));
  StudyLoss total;
  for (const ScoredStudy& study : studies) {
    const StudyLoss of_study = study_loss(study);
    for (size_t part = 0; part < total.size(); ++part) total[part] += of_study[part];
  }
  if (std::any_of(total.begin(), total.end(), [](const LossSum& part) { return part.weight <= 0; }))
    return std::nullopt;
  const Score score = score_of(total);
  const Interval interval = bootstrap_intervals(studies, kResamples, 1).score;
  log_info(text("out of fold: score ", score.score, " (95 %: ", interval.low, "-", interval.high, ") of ",
                studies.size(), " studies; canal ", score.spinal, ", foraminal ", score.foraminal, ", subarticular ",
                score.subarticular, ", any severe ", score.any_severe_spinal));
  return score.score;
}

}  // namespace

OutOfFold calibrate_conditions(const GraderTrainingOptions& training, const GraderData& data,
                               const std::vector<std::optional<HeldOutStudy>>& held_out, TrainedEnsemble& graders) {
  OutOfFold all;
  for (TrainedCondition& trained_condition : graders.conditions)
    calibrate(training, data, held_out, trained_condition, all);
  return all;
}

Probabilities as_submitted(Probabilities p) {
  for (size_t c = 0; c < p.size(); ++c) p[c] *= challenge_weight(static_cast<Severity>(c));
  return normalised(p);
}

std::optional<double> write_out_of_fold(const fs::path& folder, const GraderData& data, const OutOfFold& all) {
  const std::map<FindingKey, Severity> labels = labels_of(data);
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
  return log_score(folder);
}

}  // namespace lumbargrade
