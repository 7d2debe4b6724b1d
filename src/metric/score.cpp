#include "metric/score.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr std::size_t kAnySevere = 3;

LossSum case_loss(const ScoredCase& item) {
  return {-item.label.weight * std::log(item.probabilities[index_of(item.label.severity)]), item.label.weight};
}

LossSum any_severe_loss(const ScoredStudy& study) {
  bool severe = false;
  double largest = 0;
  double weight = 0;
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    const auto& item = study.cases[i];
    if (!item || all_findings()[i].condition != Condition::SpinalCanalStenosis) continue;
    severe = severe || item->label.severity == Severity::Severe;
    largest = std::max(largest, item->submitted[static_cast<std::size_t>(Severity::Severe)]);
    weight = std::max(weight, item->label.weight);
  }
  if (weight == 0) return {};
  return {-weight * std::log(severe ? largest : 1 - largest), weight};
}

}  // namespace

StudyLoss study_loss(const ScoredStudy& study) {
  StudyLoss loss{};
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    if (study.cases[i]) loss[static_cast<std::size_t>(all_findings()[i].condition)] += case_loss(*study.cases[i]);
  }
  loss[kAnySevere] = any_severe_loss(study);
  return loss;
}

Score score_of(const StudyLoss& total) {
  std::array<double, kScoreParts> means{};
  for (std::size_t part = 0; part < kScoreParts; ++part) {
    if (total[part].weight <= 0) {
      throw Error(ErrorKind::Failure,
                  text("the truth has no labelled ", kScorePartNames[part], " finding: the score is not defined"));
    }
    means[part] = total[part].mean();
  }
  return {means[0], means[1], means[2], means[3], (means[0] + means[1] + means[2] + means[3]) / kScoreParts};
}

Score score_of(const std::vector<ScoredStudy>& studies) {
  StudyLoss total{};
  for (const ScoredStudy& study : studies) {
    const StudyLoss loss = study_loss(study);
    for (std::size_t part = 0; part < kScoreParts; ++part) total[part] += loss[part];
  }
  return score_of(total);
}

std::array<std::array<LossSum, kLevelCount>, kConditionCount> level_losses(const std::vector<ScoredStudy>& studies) {
  std::array<std::array<LossSum, kLevelCount>, kConditionCount> losses{};
  for (const ScoredStudy& study : studies) {
    for (std::size_t i = 0; i < kFindingCount; ++i) {
      if (!study.cases[i]) continue;
      const Finding& finding = all_findings()[i];
      losses[index_of(finding.condition)][index_of(finding.level)] += case_loss(*study.cases[i]);
    }
  }
  return losses;
}

}  // namespace lumbargrade
