#include "report/probability_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;

int64_t units(const std::string& printed) {
  EXPECT_EQ(printed.size(), 8U);
  EXPECT_EQ(printed[1], '.');
  return std::stoll(printed.substr(0, 1)) * 1'000'000 + std::stoll(printed.substr(2));
}

TEST(PrintedProbabilities, ThirdsSumToOne) {
  EXPECT_THAT(printed_probabilities({1 / 3.0, 1 / 3.0, 1 / 3.0}), ElementsAre("0.333334", "0.333333", "0.333333"));
}

TEST(PrintedProbabilities, CertaintyIsPrintedAsOne) {
  EXPECT_THAT(printed_probabilities({0, 0, 1}), ElementsAre("0.000000", "0.000000", "1.000000"));
}

TEST(PrintedProbabilities, AnyTripleSumsToOneAsPrintedAndIsWithinOneUnit) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int trial = 0; trial < 20000; ++trial) {
    Probabilities p = {uniform(random), uniform(random) * uniform(random), std::pow(uniform(random), 9)};
    const double sum = p[0] + p[1] + p[2];
    const auto printed = printed_probabilities(p);
    ASSERT_EQ(units(printed[0]) + units(printed[1]) + units(printed[2]), 1'000'000);
    for (int k = 0; k < kSeverityCount; ++k) {
      ASSERT_NEAR(static_cast<double>(units(printed[k])), p[k] / sum * 1e6, 1.0);
    }
  }
}

TEST(PrintedProbabilities, RefusesWhatIsNoProbability) {
  EXPECT_THROW(printed_probabilities({std::nan(""), 0, 1}), Error);
  EXPECT_THROW(printed_probabilities({-0.1, 0.1, 1}), Error);
  EXPECT_THROW(printed_probabilities({0, 0, 0}), Error);
}

}  // namespace
}  // namespace lumbargrade
