#include "metric/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kTail = 0.025;
// Resamples without a label of one condition have no score; with a sane truth there are none.
constexpr int kMaxUndefinedShare = 2;

std::vector<StudyLoss> study_losses(const std::vector<ScoredStudy>& studies) {
  std::vector<StudyLoss> losses;
  for (const ScoredStudy& study : studies) losses.push_back(study_loss(study));
  return losses;
}

std::vector<std::size_t> resample(std::size_t count, std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> any(0, count - 1);
  std::vector<std::size_t> chosen(count);
  for (std::size_t& index : chosen) index = any(random);
  return chosen;
}

StudyLoss total_of(const std::vector<StudyLoss>& losses, const std::vector<std::size_t>& chosen) {
  StudyLoss total{};
  for (const std::size_t index : chosen) {
    for (std::size_t part = 0; part < kScoreParts; ++part) total[part] += losses[index][part];
  }
  return total;
}

bool is_defined(const StudyLoss& total) {
  return std::all_of(total.begin(), total.end(), [](const LossSum& part) { return part.weight > 0; });
}

/// Calls `use` with `resamples` choices of studies for which `losses` give a score.
template <typename Use>
void for_each_resample(const std::vector<StudyLoss>& losses, int resamples, std::uint64_t seed, const Use& use) {
  std::mt19937_64 random(seed);
  int undefined = 0;
  for (int done = 0; done < resamples;) {
    const auto chosen = resample(losses.size(), random);
    if (is_defined(total_of(losses, chosen))) {
      use(chosen);
      ++done;
    } else if (++undefined > kMaxUndefinedShare * resamples) {
      throw Error(ErrorKind::Failure, "too few labelled studies for bootstrap intervals; use --bootstrap 0");
    }
  }
}

/// Interpolated linearly between order statistics.
double quantile(const std::vector<double>& sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return sorted[below] + fraction * (sorted[above] - sorted[below]);
}

/// The middle 95 %.
Interval interval_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, kTail), quantile(values, 1 - kTail)};
}

Interval interval_of(const std::vector<Score>& scores, double Score::*part) {
  std::vector<double> values;
  for (const Score& score : scores) values.push_back(score.*part);
  return interval_of(std::move(values));
}

}  // namespace

ScoreIntervals bootstrap_intervals(const std::vector<ScoredStudy>& studies, int resamples, std::uint64_t seed) {
  const auto losses = study_losses(studies);
  std::vector<Score> scores;
  for_each_resample(losses, resamples, seed,
                    [&](const auto& chosen) { scores.push_back(score_of(total_of(losses, chosen))); });
  return {interval_of(scores, &Score::spinal), interval_of(scores, &Score::foraminal),
          interval_of(scores, &Score::subarticular), interval_of(scores, &Score::any_severe_spinal),
          interval_of(scores, &Score::score)};
}

PairedComparison compare_scores(const std::vector<ScoredStudy>& first, const std::vector<ScoredStudy>& second,
                                int resamples, std::uint64_t seed) {
  const auto first_losses = study_losses(first);
  const auto second_losses = study_losses(second);
  PairedComparison result;
  result.difference = score_of(second).score - score_of(first).score;
  std::vector<double> differences;
  for_each_resample(first_losses, resamples, seed, [&](const auto& chosen) {
    differences.push_back(score_of(total_of(second_losses, chosen)).score -
                          score_of(total_of(first_losses, chosen)).score);
  });
  const auto better = std::count_if(differences.begin(), differences.end(), [](double d) { return d < 0; });
  result.second_better = static_cast<double>(better) / static_cast<double>(differences.size());
  result.interval = interval_of(std::move(differences));
  return result;
}

}  // namespace lumbargrade
