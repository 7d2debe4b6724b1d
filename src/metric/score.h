#pragma once

#include <array>
#include <vector>

#include "metric/cases.h"

namespace lumbargrade {

/// The RSNA 2024 challenge's score and its four parts; lower is better.
struct Score {
  double spinal = 0;
  double foraminal = 0;
  double subarticular = 0;
  double any_severe_spinal = 0;
  double score = 0;  ///< mean of the four
};

/// Weighted log losses of one study before division by the weights, so that a score of many studies is a sum.
struct LossSum {
  double loss = 0;
  double weight = 0;

  LossSum& operator+=(const LossSum& other) {
    loss += other.loss;
    weight += other.weight;
    return *this;
  }
  double mean() const { return loss / weight; }
};

/// In the order of Score: spinal, foraminal (both sides), subarticular (both sides), any severe spinal.
inline constexpr int kScoreParts = 4;
inline constexpr std::array<const char*, kScoreParts> kScorePartNames = {"spinal canal", "foraminal", "subarticular",
                                                                         "any severe spinal"};
using StudyLoss = std::array<LossSum, kScoreParts>;

/// Per group: - sum w ln p[label]. Any severe: W (t ln q + (1 - t) ln(1 - q)) with t = whether a labelled canal finding
/// is severe, q the largest submitted severe value and W the largest weight among them; nothing without a labelled
/// canal.
StudyLoss study_loss(const ScoredStudy& study);

/// Error (Failure) when one of the parts has no label at all: the score is not defined then.
Score score_of(const StudyLoss& total);
Score score_of(const std::vector<ScoredStudy>& studies);

/// Weighted log loss by condition and level, both sides together; NaN without labels.
std::array<std::array<LossSum, kLevelCount>, kConditionCount> level_losses(const std::vector<ScoredStudy>& studies);

}  // namespace lumbargrade
