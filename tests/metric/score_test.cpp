#include "metric/score.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "metric/metric_data.h"

namespace lumbargrade {
namespace {

constexpr double kTolerance = 1e-6;

void expect_score(const Score& actual, const nlohmann::json& expected, const std::string& name) {
  EXPECT_NEAR(actual.spinal, expected.at("spinal").get<double>(), kTolerance) << name;
  EXPECT_NEAR(actual.foraminal, expected.at("foraminal").get<double>(), kTolerance) << name;
  EXPECT_NEAR(actual.subarticular, expected.at("subarticular").get<double>(), kTolerance) << name;
  EXPECT_NEAR(actual.any_severe_spinal, expected.at("any_severe_spinal").get<double>(), kTolerance) << name;
  EXPECT_NEAR(actual.score, expected.at("score").get<double>(), kTolerance) << name;
}

// Computed by scikit-learn's log_loss (shared/data/metric/expected.json).
TEST(Score, AgreesWithTheReferenceOnTheSmallSet) {
  expect_score(score_of(small_submission("model")),
               {{"spinal", 0.3404812673},
                {"foraminal", 0.3758951549},
                {"subarticular", 0.3664516955},
                {"any_severe_spinal", 0.4209000794},
                {"score", 0.3759320493}},
               "small_model");
  expect_score(score_of(small_submission("unnormalised")),
               {{"spinal", 0.3856349637},
                {"foraminal", 0.4311226187},
                {"subarticular", 0.4175550599},
                {"any_severe_spinal", 0.6843752239},
                {"score", 0.4796719666}},
               "small_unnormalised");
}

TEST(Score, AgreesWithEveryVectorForBothKindsOfTruth) {
  const auto folder = shared_metric_folder();
  if (folder.empty()) GTEST_SKIP() << "no shared/data/metric";
  const auto expected = nlohmann::json::parse(std::ifstream(folder / "expected.json"));
  for (const auto& [name, score] : expected.items()) {
    const std::string set = name.substr(0, name.find('_'));
    for (const char* truth : {"_train.csv", "_solution.csv"}) {
      const auto studies = read_submission(folder / (name + ".csv"), read_truth(folder / (set + truth)));
      expect_score(score_of(studies), score, name + " against " + truth);
    }
  }
}

TEST(Score, IsTheSumOverLevels) {
  const auto studies = small_submission("model");
  const auto levels = level_losses(studies);
  LossSum spinal;
  for (const LossSum& level : levels[0]) spinal += level;
  EXPECT_NEAR(spinal.mean(), score_of(studies).spinal, 1e-12);
  // scikit-learn, make_reference.py
  EXPECT_NEAR(levels[0][0].mean(), 0.3752210535593281, kTolerance);
  EXPECT_NEAR(levels[1][3].mean(), 0.29542973825921326, kTolerance);
  EXPECT_NEAR(levels[2][4].mean(), 0.29706046109032996, kTolerance);
}

TEST(Score, IsNotDefinedWithoutLabelsOfACondition) {
  auto studies = small_submission("model");
  for (auto& study : studies) {
    for (std::size_t i = 20; i < kFindingCount; ++i) study.cases[i].reset();  // the spinal canal comes last
  }
  EXPECT_THROW(score_of(studies), Error);
}

}  // namespace
}  // namespace lumbargrade
