// The crop that training reads from its cache and the one that `grade` cuts go through one network, or a network and a
// study mixer, to one answer.

#include <gtest/gtest.h>

#include <fstream>

#include "grades/graded_study.h"
#include "grades/network_grader.h"
#include "temporary_folder.h"
#include "training/grader/grader_answers.h"

namespace lumbargrade {
namespace {

constexpr std::array<Side, 2> kSides = {Side::Left, Side::Right};

/// What training makes of the same finding: cut with a margin, stored, read back, normalised.
GraderAnswers trained_answers(const std::filesystem::path& folder, const View& view, const Study& study, Side side,
                              const Network& network) {
  const CropMargin margin = margin_of(view, AugmentationRecipe{});
  const LevelFrame frame = *one_level().levels[static_cast<size_t>(index_of(Level::L4L5))];
  const auto crop = cut_crop(volumes_of(study, view.series), place_crop(frame, view.anchor, side), view, margin);
  std::ofstream file(folder / "crop.u8", std::ios::binary);
  file.write(reinterpret_cast<const char*>(crop->pixels.data()), static_cast<std::streamsize>(crop->pixels.size()));
  file.write(reinterpret_cast<const char*>(crop->slice_valid.data()),
             static_cast<std::streamsize>(crop->slice_valid.size()));
  file.close();
  NetworkData data;
  data.views.emplace_back(folder / "crop.u8", view, margin);
  return answers_of(network, data, {0}, torch::kCPU);
}

/// A study mixer over the bundle's only grading network.
TrainedNetwork mixer_of(const Network& mixer, const nlohmann::json& parameters) {
  const auto features = parameters.at("features").get<std::int64_t>();
  const AxisSpec findings{"finding", kFindingCount, 1, {}, {}};
  TrainedNetwork trained;
  trained.spec.role = trained.spec.name = kMixerRole;
  trained.spec.architecture = "study_mixer";
  trained.spec.parameters = parameters;
  trained.spec.members = {"foraminal0"};
  const auto add_input = [&](const char* name, std::vector<AxisSpec> axes) {
    InputSpec input;
    input.name = name;
    input.axes = std::move(axes);
    trained.spec.inputs.push_back(input);
  };
  add_input("features", {findings, {"feature", features, 1, {}, {}}});
  add_input("logits", {findings, {"class", kSeverityCount, 1, {}, {}}});
  add_input("present", {findings});
  trained.spec.outputs = {{"grade", {"normal_mild", "moderate", "severe"}, "softmax", 1, 1}};
  trained.spec.golden.tolerance = 1e-4;
  trained.state = collect_state(*mixer.module);
  trained.golden_inputs = {{"features", torch::randn({1, kFindingCount, features})},
                           {"logits", torch::randn({1, kFindingCount, kSeverityCount})},
                           {"present", torch::ones({1, kFindingCount})}};
  return trained;
}

class NoSkew : public testing::Test {
 protected:
  NoSkew() {
    for (const Side side : kSides) {
      answers_.push_back(trained_answers(folder_.path(), view_, study_, side, network_));
    }
  }

  /// `expected` 2 x 3: left and right foramen of the one level.
  void expect_grades(const std::vector<TrainedNetwork>& mixers, const torch::Tensor& expected) {
    const ConditionSpec head = plain_head(Condition::NeuralForaminalNarrowing);
    const NetworkGrader grader(bundle_of(folder_.path(), head, {{parameters_, view_, network_}}, mixers), "cpu");
    const NetworkGrades grades = grader.grade(study_, one_level());
    int graded = 0;
    for (size_t k = 0; k < kFindingCount; ++k) {
      if (!grades[k]) continue;
      ++graded;
      const torch::Tensor row = expected[static_cast<std::int64_t>(*all_findings()[k].side)];
      for (size_t c = 0; c < kSeverityCount; ++c) {
        EXPECT_NEAR(grades[k]->probabilities[c], row[static_cast<std::int64_t>(c)].item<double>(), 1e-5);
      }
    }
    EXPECT_EQ(graded, 2);
  }

  TemporaryFolder folder_;
  View view_ = foramen_view();
  Study study_ = patterned_study();
  nlohmann::json parameters_ = small_grader(view_, "attention");
  Network network_ = random_grader(parameters_, 5);
  std::vector<GraderAnswers> answers_;  // by kSides
};

TEST_F(NoSkew, GradingGivesTheProbabilitiesOfTrainingOnBothSides) {
  expect_grades({}, torch::softmax(torch::cat({answers_[0].logits, answers_[1].logits}), 1));
}

TEST_F(NoSkew, GradingThroughAStudyMixerGivesTheProbabilitiesOfTraining) {
  const torch::NoGradGuard no_gradients;
  const std::int64_t features = answers_[0].features.size(1);
  const nlohmann::json parameters = {{"features", features}, {"hidden", 16}, {"layers", 1}, {"dropout", 0.1}};
  const Network mixer = build_network("study_mixer", parameters, "test", "mixer");
  for (auto& item : mixer.module->named_parameters()) {
    if (item.key() == "head.weight") item.value().uniform_(-1, 1);  // a fresh one changes nothing
  }
  mixer.module->eval();
  // By hand: L4/L5 is fourth of the left foramina, the first five findings, and of the right ones, eleventh to
  // fifteenth.
  const std::array<std::int64_t, 2> places = {3, 13};
  TensorMap inputs = {{"features", torch::zeros({1, kFindingCount, features})},
                      {"logits", torch::zeros({1, kFindingCount, kSeverityCount})},
                      {"present", torch::zeros({1, kFindingCount})}};
  for (size_t side = 0; side < places.size(); ++side) {
    inputs.at("features")[0][places[side]] = answers_[side].features[0];
    inputs.at("logits")[0][places[side]] = answers_[side].logits[0].softmax(0).log();
    inputs.at("present")[0][places[side]] = 1;
  }
  const torch::Tensor mixed = mixer.forward(inputs).at("grade")[0];  // 3 x 25
  const torch::Tensor expected = torch::softmax(torch::stack({mixed.select(1, 3), mixed.select(1, 13)}), 1);
  EXPECT_GT((expected[0] - torch::softmax(answers_[0].logits[0], 0)).abs().max().item<double>(), 0.01);
  expect_grades({mixer_of(mixer, parameters)}, expected);
}

}  // namespace
}  // namespace lumbargrade
