#include "network/study_stack.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <limits>

#include "core/error.h"
#include "core/finding.h"
#include "network/architecture.h"
#include "network/fixed_values.h"

namespace lumbargrade {
namespace {

using StackJson = nlohmann::json;

const std::vector<StudyStackOptions> kStacks = {{StackKind::Linear, 4, 32, 0},
                                                {StackKind::Linear, 1, 32, 0},
                                                {StackKind::Mlp, 2, 16, 0.2},
                                                {StackKind::Sequence, 4, 16, 0.2}};

struct StackInputs {
  torch::Tensor logits = 3 * uniform_values("stack.logits", 3 * kFindingCount * kSeverityCount)
                                 .to(torch::kFloat32)
                                 .reshape({3, kFindingCount, kSeverityCount});
  torch::Tensor present =
      (uniform_values("stack.present", 3 * kFindingCount) > -0.6).to(torch::kFloat32).reshape({3, kFindingCount});
};

/// With weights that are not zero, in evaluation mode.
StudyStack fixed_stack(const StudyStackOptions& options) {
  StudyStack stack(options);
  set_fixed_state(*stack);
  stack->eval();
  return stack;
}

/// By hand: left and right foraminal are findings 0 to 4 and 10 to 14, subarticular 5 to 9 and 15 to 19.
torch::Tensor other_sides() {
  std::vector<int64_t> order(kFindingCount);
  for (int64_t k = 0; k < kFindingCount; ++k) order[static_cast<size_t>(k)] = k < 10 ? k + 10 : k < 20 ? k - 10 : k;
  return torch::tensor(order);
}

TEST(StudyStack, FreshLeavesWhatItHearsAsItIs) {
  const torch::NoGradGuard no_gradients;
  const StackInputs inputs;
  for (const StudyStackOptions& options : kStacks) {
    StudyStack stack(options);
    EXPECT_TRUE(stack->forward(inputs.logits, torch::ones_like(inputs.present)).equal(inputs.logits));
  }
}

TEST(StudyStack, GivesAMirroredStudyTheMirroredAnswers) {
  const torch::NoGradGuard no_gradients;
  const StackInputs inputs;
  for (const StudyStackOptions& options : kStacks) {
    StudyStack stack = fixed_stack(options);
    const torch::Tensor plain = stack->forward(inputs.logits, inputs.present);
    const torch::Tensor mirrored =
        stack->forward(inputs.logits.index_select(1, other_sides()), inputs.present.index_select(1, other_sides()));
    EXPECT_LT(greatest_difference(mirrored.index_select(1, other_sides()), plain), 1e-6);
    EXPECT_GT(greatest_difference(mirrored, plain), 0.1) << "sides that are alike would prove nothing";
  }
}

TEST(StudyStack, TakesNothingFromFindingsThatNobodyLookedAt) {
  const torch::NoGradGuard no_gradients;
  const StackInputs inputs;
  const torch::Tensor missing = (inputs.present == 0).unsqueeze(2);
  ASSERT_TRUE(missing.any().item<bool>());
  for (const StudyStackOptions& options : kStacks) {
    StudyStack stack = fixed_stack(options);
    const torch::Tensor hidden = inputs.logits.masked_fill(missing, std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(stack->forward(hidden, inputs.present).equal(stack->forward(inputs.logits, inputs.present)));
  }
}

/// Findings whose answer changes where finding `changed` (of the left foraminal row) is told otherwise.
std::vector<int64_t> listeners(const StudyStackOptions& options, int64_t changed) {
  const torch::NoGradGuard no_gradients;
  const StackInputs inputs;
  StudyStack stack = fixed_stack(options);
  const torch::Tensor present = torch::ones_like(inputs.present);
  torch::Tensor other = inputs.logits.clone();
  other.select(1, changed).select(1, 0) += 1;
  const torch::Tensor difference =
      (stack->forward(other, present) - stack->forward(inputs.logits, present)).abs().amax(std::vector<int64_t>{0, 2});
  std::vector<int64_t> found;
  for (int64_t k = 0; k < kFindingCount; ++k) {
    if (difference[k].item<float>() > 1e-5) found.push_back(k);
  }
  return found;
}

TEST(StudyStack, HearsAllConditionsAndSidesAsFarAsItReaches) {
  EXPECT_EQ(listeners(kStacks[0], 2).size(), static_cast<size_t>(kFindingCount));
  EXPECT_EQ(listeners(kStacks[3], 2).size(), static_cast<size_t>(kFindingCount));
  const std::vector<int64_t> near = {0, 1, 5, 6, 10, 11, 15, 16, 20, 21};  // L1/L2 and L2/L3
  EXPECT_EQ(listeners(kStacks[1], 0), near);
}

std::string stack_refusal(const StackJson& parameters) {
  try {
    build_network("study_stack", parameters, "m.json", "networks[0]");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(StudyStack, KeysThatContradictItsKindAreRefusedByName) {
  EXPECT_EQ(stack_refusal({{"kind", "mlp"}, {"hidden", 8}, {"reach_levels", 0}, {"dropout", 0.1}}), "accepted");
  EXPECT_NE(stack_refusal({{"kind", "linear"}, {"hidden", 8}}).find("hidden contradicts kind"), std::string::npos);
  EXPECT_NE(stack_refusal({{"kind", "sequence"}, {"reach_levels", 1}}).find("reach_levels contradicts"),
            std::string::npos);
  EXPECT_NE(stack_refusal({{"kind", "trees"}}).find("kind"), std::string::npos);
  EXPECT_NE(stack_refusal({{"kind", "mlp"}, {"hidden", 12}}).find("multiple of 8"), std::string::npos);
  EXPECT_NE(stack_refusal({{"kind", "mlp"}, {"reach_levels", 5}}).find("reach_levels"), std::string::npos);
}

}  // namespace
}  // namespace lumbargrade
