#include "training/grader/out_of_fold.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "temporary_folder.h"
#include "training/grader/grader_batch.h"
#include "training/grader/grader_predictions.h"

namespace lumbargrade {
namespace {

constexpr int kHeldOutStudies = 60;
constexpr size_t kForamen = 0;  // left, L1/L2

/// One foramen a study, severe in every third; networks know, but never saw every tenth study's.
class HeldOut : public testing::Test {
 protected:
  HeldOut() {
    NetworkData network;
    for (int study = 0; study < kHeldOutStudies; ++study) {
      const Severity severity = study % 3 == 0 ? Severity::Severe : Severity::NormalMild;
      data_.study_ids.push_back(text("s", study));
      network.samples.push_back({study, {{kForamen, severity}}});
      HeldOutStudy answer;
      if (!is_lost(study)) {
        answer.confidence.fill(1);
        answer.networks[kForamen] =
            severity == Severity::Severe ? Probabilities{0.3, 0.1, 0.6} : Probabilities{0.6, 0.2, 0.2};
      }
      held_out_.emplace_back(answer);
    }
    data_.networks.push_back(std::move(network));
    graders_.conditions.resize(1);
    graders_.conditions[0].condition = Condition::NeuralForaminalNarrowing;
  }

  static bool is_lost(int study) { return study % 10 == 7; }

  GraderTrainingOptions training_;
  GraderData data_;
  std::vector<std::optional<HeldOutStudy>> held_out_;
  TrainedEnsemble graders_;
};

TEST_F(HeldOut, FindingsThatNoNetworkSawAreScoredByThePriorAndCounted) {
  const OutOfFold all = calibrate_conditions(training_, data_, held_out_, graders_);
  const TrainedCondition& condition = graders_.conditions[0];
  EXPECT_EQ(condition.held_out_findings, kHeldOutStudies);
  EXPECT_EQ(condition.lost_findings, kHeldOutStudies / 10);
  ASSERT_EQ(all.size(), static_cast<size_t>(kHeldOutStudies));
  for (int study = 0; study < kHeldOutStudies; ++study) {
    const auto& p = all.at(study)[kForamen];
    ASSERT_TRUE(p) << study;
    if (is_lost(study)) {
      EXPECT_EQ(*p, condition.prior[index_of(Level::L1L2)]);
    }
  }
}

TEST_F(HeldOut, EveryLabelIsInTheTablesLostOrNot) {
  const TemporaryFolder folder;
  const OutOfFold all = calibrate_conditions(training_, data_, held_out_, graders_);
  EXPECT_FALSE(write_out_of_fold(folder.path(), data_, all)) << "without canals there is no score";
  std::ifstream file(folder / "out_of_fold_labels.csv");
  const std::string labels{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(labels, testing::HasSubstr("\ns7,Normal/Mild,"));
  EXPECT_THAT(labels, testing::HasSubstr("\ns27,Severe,"));
}

TEST_F(HeldOut, StudiesOfFoldsThatDidNotRunAreLeftOut) {
  for (size_t study = 0; study < 20; ++study) held_out_[study].reset();
  EXPECT_EQ(calibrate_conditions(training_, data_, held_out_, graders_).size(),
            static_cast<size_t>(kHeldOutStudies - 20));
}

TEST(ByFinding, TheCanalIsTheMeanOfWhatBothSidesSayAndOthersStandAlone) {
  constexpr size_t kCanal = 20, kLeft = 0, kRight = 10;  // all L1/L2
  NetworkData data;
  data.samples = {
      {0, {{kCanal, {}}, {kLeft, {}}}}, {0, {{kCanal, {}}, {kRight, {}}}}, {1, {{kCanal, {}}, {kLeft, {}}}}};
  const torch::Tensor said = torch::randn({3, 6});
  const auto canals = by_finding(said, data, {0, 1, 2}, 0, "probabilities");
  ASSERT_EQ(canals.size(), 2U);
  const torch::Tensor p = torch::softmax(said.narrow(1, 0, 3), 1);
  EXPECT_TRUE(torch::allclose(torch::softmax(canals.at({0, kCanal}), 1)[0], (p[0] + p[1]) / 2, 1e-5, 1e-6));
  EXPECT_TRUE(canals.at({1, kCanal})[0].equal(said[2].narrow(0, 0, 3)));
  const auto foramina = by_finding(said, data, {0, 1, 2}, 1, "probabilities");
  EXPECT_TRUE(foramina.at({0, kRight})[0].equal(said[1].narrow(0, 3, 3)));
}

/// Shares hold over many draws; a point that a finding lacks is replaced by the other one.
TEST(DrawPoints, FollowsTheSharesAndWhatThereIs) {
  NetworkData data;
  data.samples = {
      {0, {{0, Severity::Severe}}, 0, 0}, {0, {{1, Severity::Severe}}, {}, 1}, {0, {{2, Severity::Severe}}, 1, {}}};
  std::vector<Example> examples;
  for (int k = 0; k < 30000; ++k) examples.push_back({&data, static_cast<size_t>(k % 3), 0, {}, 1, true, {}, {}});
  draw_points({0.5, 0.3, 0.2}, 7, examples);
  int given = 0, predicted = 0, jittered = 0;
  for (size_t k = 0; k < examples.size(); ++k) {
    jittered += examples[k].jittered;
    if (k % 3 != 0) {
      EXPECT_EQ(examples[k].point, k % 3 == 1 ? CropPoint::Predicted : CropPoint::Given);
    }
    if (k % 3 != 0 || examples[k].jittered) continue;
    (examples[k].point == CropPoint::Given ? given : predicted) += 1;
  }
  EXPECT_NEAR(jittered / 30000.0, 0.2, 0.01);
  EXPECT_NEAR(given / 10000.0, 0.5, 0.02);
  EXPECT_NEAR(predicted / 10000.0, 0.3, 0.02);
}

TEST(DrawPoints, LearnsNothingWhereTheLevelHasAnotherName) {
  NetworkData data;
  data.samples = {{0, {{0, Severity::Severe}}, 0, 0, 1, true}};
  std::vector<Example> examples(100, {&data, 0, 0, {}, 1, true, {}, {}});
  draw_points({0, 1, 0}, 7, examples);
  for (const Example& example : examples) EXPECT_EQ(example.point, CropPoint::Given);
}

TEST(AugmentationOf, MovesJitteredPointsAloneAndByTheErrorOfLearnedOnes) {
  NetworkData data;
  data.learned_point_errors.resize(2);
  AugmentationRecipe recipe;
  recipe.jitter_mm = 3;
  recipe.jitter_slices = 2;
  Example example{&data, 0, 0, {}, 1, true, CropPoint::Given, false};
  EXPECT_EQ(augmentation_of(example, 0, recipe).jitter_mm, 0);
  EXPECT_EQ(augmentation_of(example, 0, recipe).jitter_slices, 0);
  example.jittered = true;
  EXPECT_EQ(augmentation_of(example, 0, recipe).jitter_mm, 3);
  data.learned_point_errors[1] = PointError{1.2, 1, 100};
  EXPECT_EQ(augmentation_of(example, 1, recipe).jitter_mm, 1.2);
  EXPECT_EQ(augmentation_of(example, 1, recipe).jitter_slices, 1);
  EXPECT_EQ(augmentation_of(example, 0, recipe).jitter_mm, 3) << "a view on another point";
}

}  // namespace
}  // namespace lumbargrade
