#include "report/probability_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "core/error.h"
#include "core/number_text.h"

namespace lumbargrade {
namespace {

constexpr int64_t kUnits = 1'000'000;

std::string decimal(int64_t units) {
  return fixed_decimals(static_cast<double>(units) / kUnits, kTableDecimals);
}

double checked_sum(const Probabilities& probabilities) {
  for (double p : probabilities) {
    if (!std::isfinite(p) || p < 0) throw Error(ErrorKind::Failure, text("a probability of ", p, " was computed"));
  }
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  if (!std::isfinite(sum) || sum <= 0) throw Error(ErrorKind::Failure, "probabilities that sum to nothing");
  return sum;
}

}  // namespace

std::array<std::string, kSeverityCount> printed_probabilities(const Probabilities& probabilities) {
  const double sum = checked_sum(probabilities);
  std::array<int64_t, kSeverityCount> units{};
  std::array<double, kSeverityCount> remainder{};
  int64_t left = kUnits;
  for (int k = 0; k < kSeverityCount; ++k) {
    const double exact = probabilities[k] / sum * kUnits;
    units[k] = static_cast<int64_t>(exact);
    remainder[k] = exact - static_cast<double>(units[k]);
    left -= units[k];
  }
  for (; left > 0; --left) {
    const auto largest = std::max_element(remainder.begin(), remainder.end()) - remainder.begin();
    ++units[static_cast<size_t>(largest)];
    remainder[static_cast<size_t>(largest)] = -1;
  }
  return {decimal(units[0]), decimal(units[1]), decimal(units[2])};
}

}  // namespace lumbargrade
