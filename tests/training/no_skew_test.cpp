// A study of DICOM files goes through training's extractor and through grade_study, and what a network, alone or with a
// second stage, answers is the same. The headers do not tell T1 from T2, so that both must ask the image.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <fstream>
#include <limits>

#include "grades/network_grader.h"
#include "grades/study_stacking.h"
#include "network/grader_network.h"
#include "pipeline/grade_study.h"
#include "temporary_folder.h"
#include "training/grader/crop_extractor.h"
#include "training/grader/grader_batch.h"
#include "training/grader/grader_predictions.h"
#include "training/silent_study.h"

namespace lumbargrade {
namespace {

constexpr double kTolerance = 1e-5;
constexpr double kHeadGain = 8;
constexpr const char* kStudyId = "77";
/// By hand: second to fourth of the left foramina, which are the first five findings, and of the right ones, the
/// eleventh to fifteenth.
constexpr std::array<size_t, 6> kGraded = {1, 2, 3, 11, 12, 13};

/// What training makes of the study: its extractor's records, with their margin, stored, read back, normalised. One row
/// for each of kGraded, logits.
torch::Tensor trained_answers(const std::filesystem::path& data, const View& view, const Network& network,
                              const Grader& grader) {
  GraderRecipe recipe;
  recipe.networks = {{{Condition::NeuralForaminalNarrowing}, {view}, {}}};
  const TrainingFolder folder(data);
  const StudySource source(folder, grader);
  const LabelCoordinates no_coordinates;
  const CutStudy cut = CropExtractor(recipe, source, no_coordinates)({kStudyId, {}}, 0);
  const std::filesystem::path path = data / "crops.u8";
  std::ofstream file(path, std::ios::binary);
  std::vector<size_t> found, samples;
  NetworkData stored;
  for (const CutSample& finding : cut.networks.at(0)) {
    if (!finding.predicted) continue;
    file << finding.predicted->at(0);
    samples.push_back(found.size());
    stored.samples.push_back(finding.sample);
    stored.samples.back().predicted = found.size();
    found.push_back(finding.sample.findings.front().finding);
  }
  file.close();
  EXPECT_THAT(found, testing::ElementsAreArray(kGraded)) << (cut.skipped.empty() ? "" : cut.skipped[0].reason);
  stored.predicted.emplace_back(path, view, margin_of(view, recipe.augmentation));
  const torch::NoGradGuard no_gradients;
  return predictions_of(network, stored, samples, torch::kCPU);
}

/// A grader whose answers to different crops differ clearly.
Network spread_grader(const nlohmann::json& parameters) {
  Network network = random_grader(parameters, 5);
  const torch::NoGradGuard no_gradients;
  for (auto& item : network.module->named_parameters()) {
    if (item.key() == "head.weight") item.value().mul_(kHeadGain);
  }
  return network;
}

/// The least difference between the rows of any two findings: of each row the largest.
double least_difference(const torch::Tensor& rows) {
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t a = 0; a < rows.size(0); ++a) {
    for (std::int64_t b = a + 1; b < rows.size(0); ++b) {
      least = std::min(least, (rows[a] - rows[b]).abs().max().item<double>());
    }
  }
  return least;
}

/// A stack over the bundle's only grading network.
TrainedNetwork stack_of(const Network& stack, const nlohmann::json& parameters) {
  const AxisSpec findings{"finding", kFindingCount, 1, {}, {}};
  TrainedNetwork trained;
  trained.spec.role = trained.spec.name = kStackRole;
  trained.spec.architecture = "study_stack";
  trained.spec.parameters = parameters;
  const auto add_input = [&](const char* name, std::vector<AxisSpec> axes) {
    InputSpec input;
    input.name = name;
    input.axes = std::move(axes);
    trained.spec.inputs.push_back(input);
  };
  add_input("logits", {findings, {"class", kSeverityCount, 1, {}, {}}});
  add_input("present", {findings});
  trained.spec.outputs = {{"grade", {"normal_mild", "moderate", "severe"}, "softmax", 1, 1}};
  trained.spec.golden.tolerance = 1e-4;
  trained.state = collect_state(*stack.module);
  trained.golden_inputs = {{"logits", torch::randn({1, kFindingCount, kSeverityCount})},
                           {"present", torch::ones({1, kFindingCount})}};
  return trained;
}

class NoSkew : public testing::Test {
 protected:
  NoSkew() {
    grader_.model.prior = challenge_prevalence();
    grader_.locate = [](const Volume&) { return three_levels(); };
    const std::filesystem::path study = folder_ / "train_images" / kStudyId;
    write_silent_series(study, "1.2.3.1", -150);  // T1
    write_silent_series(study, "1.2.3.2", 150);
    answers_ = trained_answers(folder_.path(), view_, network_, grader_);
  }

  /// `expected` 6 x 3: of kGraded.
  void expect_grades(const std::vector<TrainedNetwork>& second_stages, const torch::Tensor& expected) {
    EXPECT_GT(least_difference(expected), 100 * kTolerance) << "an answer to the wrong crop would pass";
    const ConditionSpec spec = plain_condition(Condition::NeuralForaminalNarrowing);
    const NetworkGrader networks(bundle_of(folder_ / "bundle", spec, {{parameters_, view_, network_}}, second_stages),
                                 "cpu");
    grader_.predict = [&networks](const Study& study, const Spine& spine) { return networks.grade(study, spine); };
    const StudyResult result = read_and_grade(folder_ / "train_images" / kStudyId, {}, grader_).result;
    for (size_t k = 0; k < kGraded.size(); ++k) {
      const Grade& grade = result.grades[kGraded[k]];
      EXPECT_EQ(grade.series_instance_uid, "1.2.3.1");
      for (size_t c = 0; c < kSeverityCount; ++c) {
        const auto place = static_cast<std::int64_t>(c);
        EXPECT_NEAR(grade.probabilities[c], expected[static_cast<std::int64_t>(k)][place].item<double>(), kTolerance);
      }
    }
  }

  TemporaryFolder folder_;
  View view_ = foramen_view();
  nlohmann::json parameters_ = small_grader(view_, "attention");
  Network network_ = spread_grader(parameters_);
  Grader grader_;
  torch::Tensor answers_;  // by kGraded
};

TEST_F(NoSkew, GradingGivesTheProbabilitiesOfTraining) {
  expect_grades({}, torch::softmax(answers_, 1));
}

TEST_F(NoSkew, GradingThroughAStackGivesWhatTrainingMakesOfTheNetworksAnswers) {
  const torch::NoGradGuard no_gradients;
  const nlohmann::json parameters = {{"kind", "mlp"}, {"hidden", 16}, {"dropout", 0.5}};
  torch::manual_seed(4);
  const Network stack = build_network("study_stack", parameters, "test", "stack");
  for (auto& parameter : stack.module->parameters()) parameter.uniform_(-1, 1);  // a fresh one changes nothing
  stack.module->eval();
  StudyPredictions predictions;
  const torch::Tensor plain = torch::softmax(answers_.to(torch::kFloat64), 1);
  for (size_t k = 0; k < kGraded.size(); ++k) {
    const auto row = static_cast<std::int64_t>(k);
    predictions[kGraded[k]] = {plain[row][0].item<double>(), plain[row][1].item<double>(),
                               plain[row][2].item<double>()};
  }
  const torch::Tensor corrected = stack.forward(stack_inputs(predictions)).at("grade")[0].transpose(0, 1);  // 25 x 3
  const std::vector<std::int64_t> rows(kGraded.begin(), kGraded.end());
  const torch::Tensor expected = torch::softmax(corrected.index_select(0, torch::tensor(rows, torch::kLong)), 1);
  EXPECT_GT((expected - plain).abs().max().item<double>(), 0.01);
  expect_grades({stack_of(stack, parameters)}, expected);
}

}  // namespace
}  // namespace lumbargrade
