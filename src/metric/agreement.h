#pragma once

#include <array>
#include <optional>
#include <vector>

#include "metric/cases.h"

namespace lumbargrade {

/// How well one condition's probabilities rank and name the grades, all levels and both sides together, unweighted.
struct Agreement {
  std::array<int, kSeverityCount> counts{};  ///< true grades
  std::optional<double> auc_severe;          ///< area under the ROC curve; empty when one class is absent
  std::optional<double> auc_moderate_or_worse;
  std::optional<double> quadratic_kappa;  ///< of the most probable grade; empty when it is not defined
};

Agreement agreement(const std::vector<ScoredStudy>& studies, Condition condition);

/// Cohen's kappa with quadratic weights of a table [true][predicted]; empty when all cases share one grade in both.
std::optional<double> quadratic_kappa(const std::array<std::array<int, kSeverityCount>, kSeverityCount>& table);

/// Predictions of one event in one condition that fall into one tenth of the probability scale.
struct CalibrationBin {
  double low = 0;
  double high = 0;
  int count = 0;
  double mean_predicted = 0;
  double observed = 0;           ///< share of cases in which the event is true
  double observed_weighted = 0;  ///< the same with the challenge's weights, towards which its score pulls
};

enum class Event { ModerateOrWorse, Severe };

/// Ten bins; the last includes 1.
inline constexpr int kCalibrationBins = 10;
std::array<CalibrationBin, kCalibrationBins> calibration(const std::vector<ScoredStudy>& studies, Condition condition,
                                                         Event event);

/// Mean over cases of |mean predicted - observed| of their bin.
double calibration_error(const std::array<CalibrationBin, kCalibrationBins>& bins);

}  // namespace lumbargrade
