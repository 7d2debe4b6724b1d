#pragma once

#include <cstdint>
#include <vector>

#include "metric/score.h"

namespace lumbargrade {

/// The middle 95 % of a figure over bootstrap resamples.
struct Interval {
  double low = 0;
  double high = 0;
};

struct ScoreIntervals {
  Interval spinal, foraminal, subarticular, any_severe_spinal, score;
};

/// Resamples whole studies with replacement, because findings of one study depend on each other; percentile method
/// (Efron). The same seed gives the same intervals.
ScoreIntervals bootstrap_intervals(const std::vector<ScoredStudy>& studies, int resamples, std::uint64_t seed);

/// Two submissions on the same studies.
struct PairedComparison {
  double difference = 0;     ///< score of the second minus score of the first; negative: the second is better
  Interval interval;         ///< over resamples that take the same studies for both
  double second_better = 0;  ///< share of resamples in which the second scores lower
};
PairedComparison compare_scores(const std::vector<ScoredStudy>& first, const std::vector<ScoredStudy>& second,
                                int resamples, std::uint64_t seed);

}  // namespace lumbargrade
