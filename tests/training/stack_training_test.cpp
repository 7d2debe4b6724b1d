// Answers and grades from a model whose best possible answers are known: each finding has a hidden value, a network
// sees it with noise and answers what its own look alone allows to say, which is right on average. Where the hidden
// values of a study are related, the other findings tell more; where they are not, there is nothing to gain.

#include "training/grader/stack_training.h"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <random>

#include "network/architecture.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

constexpr double kLookSd = 1;                          // of a network's noise, where hidden values have 1
constexpr std::array<double, 2> kBounds = {0.7, 1.5};  // between the grades: 76, 17 and 7 of 100

double normal_share_below(double value) {
  return 0.5 * std::erfc(-value / std::sqrt(2));
}

/// The grades' probabilities where the hidden value is known from one look: normal, by Bayes' rule.
Probabilities probabilities_of_look(double look) {
  const double variance = kLookSd * kLookSd / (1 + kLookSd * kLookSd), mean = look / (1 + kLookSd * kLookSd);
  const double first = normal_share_below((kBounds[0] - mean) / std::sqrt(variance));
  const double second = normal_share_below((kBounds[1] - mean) / std::sqrt(variance));
  return {first, second - first, 1 - second};
}

/// `share` of a hidden value's variance is the study's, as much again the level's, the rest the finding's own.
std::vector<StackStudy> made_studies(int count, double share, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<StackStudy> studies(static_cast<size_t>(count));
  for (StackStudy& study : studies) {
    const double of_study = normal(random);
    std::array<double, kLevelCount> of_level{};
    for (double& value : of_level) value = normal(random);
    for (size_t k = 0; k < kFindingCount; ++k) {
      const double hidden =
          std::sqrt(share) * (of_study + of_level[k % kLevelCount]) + std::sqrt(1 - 2 * share) * normal(random);
      study.predictions[k] = probabilities_of_look(hidden + kLookSd * normal(random));
      study.labels[k] = hidden < kBounds[0]   ? Severity::NormalMild
                        : hidden < kBounds[1] ? Severity::Moderate
                                              : Severity::Severe;
    }
  }
  return studies;
}

StackRecipe stack_recipe(const nlohmann::json& parameters, int steps) {
  StackRecipe recipe;
  recipe.parameters = parameters;
  recipe.steps = steps;
  return recipe;
}

/// The challenge's log loss of answers: grades count 1, 2, 4, submitted with these weights; by hand.
double challenge_loss(const std::vector<StackStudy>& studies, const std::vector<StudyPredictions>& predictions) {
  double sum = 0;
  for (const Condition condition : kConditions) {
    double loss = 0, total = 0;
    for (size_t s = 0; s < studies.size(); ++s) {
      for (size_t k = 0; k < kFindingCount; ++k) {
        if (all_findings()[k].condition != condition || !studies[s].labels[k] || !predictions[s][k]) continue;
        const Probabilities& p = *predictions[s][k];
        const auto truth = index_of(*studies[s].labels[k]);
        const std::array<double, 3> weights = {1, 2, 4};
        loss -= weights[truth] * std::log(weights[truth] * p[truth] / (p[0] + 2 * p[1] + 4 * p[2]));
        total += weights[truth];
      }
    }
    sum += loss / total / kConditionCount;
  }
  return sum;
}

std::vector<StudyPredictions> first_answers(const std::vector<StackStudy>& studies) {
  std::vector<StudyPredictions> predictions;
  for (const StackStudy& study : studies) predictions.push_back(study.predictions);
  return predictions;
}

/// What the program that has learned `stack` says of new studies; without it where it is left out.
std::vector<StudyPredictions> graded(const StackResult& stack, const std::vector<StackStudy>& studies) {
  if (!stack.gains()) return first_answers(studies);
  const torch::NoGradGuard no_gradients;
  const Network network = build_network("study_stack", stack.parameters, "test", "stack");
  load_state(*network.module, stack.state, "test");
  network.module->eval();
  std::vector<StudyPredictions> predictions;
  for (const StackStudy& study : studies) {
    predictions.push_back(stacked_predictions(
        network.forward(stack_inputs(study.predictions)).at("grade").transpose(1, 2), study.predictions));
  }
  return predictions;
}

constexpr double kRelated = 0.3, kUnrelated = 0;

class Stack : public testing::TestWithParam<std::pair<const char*, nlohmann::json>> {};

TEST_P(Stack, GainsWhereFindingsOfAStudyAreRelatedAndItsHeldOutFigureDoesNotFlatter) {
  const auto studies = made_studies(300, kRelated, 1), fresh = made_studies(1000, kRelated, 2);
  const StackResult stack = train_stack(studies, stack_recipe(GetParam().second, 25), 7);
  const double gain = challenge_loss(fresh, first_answers(fresh)) - challenge_loss(fresh, graded(stack, fresh));
  const double told = stack.first_stage_loss - stack.held_out_loss;
  EXPECT_TRUE(stack.gains());
  EXPECT_GT(gain, 0.03);
  EXPECT_NEAR(stack.first_stage_loss, challenge_loss(studies, first_answers(studies)), 1e-5);
  EXPECT_NEAR(stack.held_out_loss, challenge_loss(studies, stack.held_out), 1e-5);
  EXPECT_GT(told, 0.02);
  EXPECT_LT(told, gain + 0.01) << "what is told of held-out studies holds for new ones";
  const double in_sample = stack.first_stage_loss - challenge_loss(studies, graded(stack, studies));
  EXPECT_GT(in_sample, told + 0.01) << "what a stack says of the studies that it learned from flatters";
}

TEST_P(Stack, LosesNothingWhereTheyAreNot) {
  const auto fresh = made_studies(1000, kUnrelated, 3);
  const StackResult stack = train_stack(made_studies(250, kUnrelated, 4), stack_recipe(GetParam().second, 15), 7);
  EXPECT_LE(challenge_loss(fresh, graded(stack, fresh)), challenge_loss(fresh, first_answers(fresh)) + 0.002);
  EXPECT_LE(stack.held_out_loss, stack.first_stage_loss + 0.002);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Stack,
    testing::Values(std::pair{"linear", nlohmann::json{{"kind", "linear"}}},
                    std::pair{"mlp", nlohmann::json{{"kind", "mlp"}, {"hidden", 32}, {"dropout", 0.3}}},
                    std::pair{"sequence", nlohmann::json{{"kind", "sequence"}, {"hidden", 32}, {"dropout", 0.1}}}),
    [](const auto& kind) { return std::string(kind.param.first); });

TEST(StackTraining, GivesTheSameWeightsAgain) {
  const auto studies = made_studies(30, kRelated, 8);
  const StackRecipe recipe = stack_recipe({{"kind", "mlp"}, {"hidden", 8}, {"dropout", 0.2}}, 20);
  const StackResult once = train_stack(studies, recipe, 3), again = train_stack(studies, recipe, 3);
  EXPECT_EQ(once.steps, again.steps);
  for (const auto& [name, tensor] : once.state) EXPECT_TRUE(tensor.equal(again.state.at(name))) << name;
  EXPECT_TRUE(once.held_out == again.held_out);
}

TEST(StackTraining, WhatIsSaidOfAStudyDoesNotDependOnItsOwnLabels) {
  auto studies = made_studies(150, kRelated, 9);
  const StackRecipe recipe = stack_recipe({{"kind", "linear"}}, 15);
  const StackResult plain = train_stack(studies, recipe, 3);
  for (auto& label : studies[5].labels) label = Severity::Severe;
  const StackResult other = train_stack(studies, recipe, 3);
  EXPECT_GT(std::min(plain.steps, other.steps), 0);
  EXPECT_TRUE(plain.held_out[5] == other.held_out[5]);
  EXPECT_TRUE(plain.held_out != other.held_out) << "labels that nobody learns from would prove nothing";
}

TEST(StackTraining, DoubtedLabelsAreMeasuredByButNotLearnedFrom) {
  const auto sound = made_studies(120, kRelated, 10);
  auto studies = sound;
  for (size_t s = 0; s < studies.size(); s += 2) {
    for (size_t k = 0; k < kFindingCount; ++k) {
      studies[s].labels[k] = Severity::Severe;
      studies[s].doubted[k] = true;
    }
  }
  const StackRecipe recipe = stack_recipe({{"kind", "linear"}}, 15);
  const StackResult doubting = train_stack(studies, recipe, 3);
  EXPECT_NEAR(doubting.first_stage_loss, challenge_loss(studies, first_answers(studies)), 1e-5);
  for (auto& study : studies) study.doubted.fill(false);
  const StackResult trusting = train_stack(studies, recipe, 3);
  EXPECT_LT(challenge_loss(sound, doubting.held_out) + 0.2, challenge_loss(sound, trusting.held_out));
}

TEST(StackTraining, FindingsThatNobodyLookedAtStayWithoutAnAnswer) {
  auto studies = made_studies(20, kRelated, 11);
  for (StackStudy& study : studies) study.predictions[3].reset();
  studies[4].predictions = {};
  const StackResult stack = train_stack(studies, stack_recipe({{"kind", "linear"}}, 10), 3);
  for (const StudyPredictions& predictions : stack.held_out) EXPECT_FALSE(predictions[3]);
  for (const auto& answer : stack.held_out[4]) EXPECT_FALSE(answer);
  EXPECT_TRUE(std::isfinite(stack.held_out_loss));
}

}  // namespace
}  // namespace lumbargrade
