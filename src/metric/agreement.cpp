#include "metric/agreement.h"

#include <algorithm>
#include <cmath>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

using ConfusionTable = std::array<std::array<int, kSeverityCount>, kSeverityCount>;

template <typename Use>
void for_each_case(const std::vector<ScoredStudy>& studies, Condition condition, const Use& use) {
  for (const ScoredStudy& study : studies) {
    for (std::size_t i = 0; i < kFindingCount; ++i) {
      if (study.cases[i] && all_findings()[i].condition == condition) use(*study.cases[i]);
    }
  }
}

double probability_of(Event event, const Probabilities& probabilities) {
  return event == Event::Severe ? probabilities[2] : probabilities[1] + probabilities[2];
}

bool is_true(Event event, Severity severity) {
  return event == Event::Severe ? severity == Severity::Severe : severity != Severity::NormalMild;
}

std::optional<double> event_auc(const std::vector<ScoredStudy>& studies, Condition condition, Event event) {
  std::vector<double> positives, negatives;
  for_each_case(studies, condition, [&](const ScoredCase& item) {
    auto& side = is_true(event, item.label.severity) ? positives : negatives;
    side.push_back(probability_of(event, item.probabilities));
  });
  return area_under_roc(positives, negatives);
}

ConfusionTable confusion(const std::vector<ScoredStudy>& studies, Condition condition) {
  ConfusionTable table{};
  for_each_case(studies, condition, [&](const ScoredCase& item) {
    ++table[index_of(item.label.severity)][index_of(most_probable(item.probabilities))];
  });
  return table;
}

}  // namespace

std::optional<double> quadratic_kappa(const ConfusionTable& table) {
  std::array<double, kSeverityCount> truths{}, predictions{};
  double total = 0;
  for (std::size_t t = 0; t < kSeverityCount; ++t) {
    for (std::size_t p = 0; p < kSeverityCount; ++p) {
      truths[t] += table[t][p];
      predictions[p] += table[t][p];
      total += table[t][p];
    }
  }
  double observed = 0, expected = 0;
  for (std::size_t t = 0; t < kSeverityCount; ++t) {
    for (std::size_t p = 0; p < kSeverityCount; ++p) {
      const double distance = static_cast<double>(t) - static_cast<double>(p);
      observed += distance * distance * table[t][p];
      expected += distance * distance * truths[t] * predictions[p] / total;
    }
  }
  if (total == 0 || expected == 0) return std::nullopt;
  return 1 - observed / expected;
}

Agreement agreement(const std::vector<ScoredStudy>& studies, Condition condition) {
  Agreement result;
  for_each_case(studies, condition, [&](const ScoredCase& item) { ++result.counts[index_of(item.label.severity)]; });
  result.auc_severe = event_auc(studies, condition, Event::Severe);
  result.auc_moderate_or_worse = event_auc(studies, condition, Event::ModerateOrWorse);
  result.quadratic_kappa = quadratic_kappa(confusion(studies, condition));
  return result;
}

std::array<CalibrationBin, kCalibrationBins> calibration(const std::vector<ScoredStudy>& studies, Condition condition,
                                                         Event event) {
  std::array<CalibrationBin, kCalibrationBins> bins{};
  std::array<double, kCalibrationBins> weights{};
  for_each_case(studies, condition, [&](const ScoredCase& item) {
    const double probability = probability_of(event, item.probabilities);
    const auto place =
        static_cast<std::size_t>(std::clamp(probability * kCalibrationBins, 0.0, kCalibrationBins - 1.0));
    CalibrationBin& bin = bins[place];
    const double truth = is_true(event, item.label.severity) ? 1 : 0;
    ++bin.count;
    bin.mean_predicted += probability;
    bin.observed += truth;
    bin.observed_weighted += truth * item.label.weight;
    weights[place] += item.label.weight;
  });
  for (std::size_t i = 0; i < bins.size(); ++i) {
    bins[i].low = static_cast<double>(i) / kCalibrationBins;
    bins[i].high = static_cast<double>(i + 1) / kCalibrationBins;
    if (bins[i].count == 0) continue;
    bins[i].mean_predicted /= bins[i].count;
    bins[i].observed /= bins[i].count;
    bins[i].observed_weighted /= weights[i];
  }
  return bins;
}

double calibration_error(const std::array<CalibrationBin, kCalibrationBins>& bins) {
  double sum = 0;
  int count = 0;
  for (const CalibrationBin& bin : bins) {
    sum += bin.count * std::abs(bin.mean_predicted - bin.observed);
    count += bin.count;
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace lumbargrade
