#include "network/recomputed.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "network/architecture.h"
#include "network/fixed_values.h"

namespace lumbargrade {
namespace {

const nlohmann::json kPlainGrader = {{"backbone", "convnext_atto"},
                                     {"views", {"sagittal_t2"}},
                                     {"pooling", "attention"},
                                     {"hidden", 16},
                                     {"dropout", 0}};

nlohmann::json recomputing(int slices) {
  nlohmann::json parameters = kPlainGrader;
  parameters["recompute_slices"] = slices;
  return parameters;
}

/// Gradients of a step of a network with fixed weights, and its answer; two findings of three slices, one of them
/// missing.
TensorMap gradients_of(const nlohmann::json& parameters) {
  const Network network = build_network("grader", parameters, "test", "network");
  set_fixed_state(*network.module);
  network.module->train();
  torch::Tensor valid = torch::ones({2, 3});
  valid[1][2] = 0;
  const TensorMap inputs = {{"sagittal_t2", fixed_values("recompute.slices", {2, 3, 32, 32})},
                            {"sagittal_t2.valid", valid}};
  const torch::Tensor logits = network.forward(inputs).at("grade");
  logits.square().sum().backward();
  TensorMap result = {{"answer", logits.detach()}};
  for (const auto& item : network.module->named_parameters()) result.emplace(item.key(), item.value().grad());
  return result;
}

TEST(RecomputedSlices, GiveTheGradientsOfSlicesThatWereKept) {
  const TensorMap kept = gradients_of(kPlainGrader);
  for (const int slices : {1, 2, 5, 63}) {
    const TensorMap again = gradients_of(recomputing(slices));
    ASSERT_EQ(again.size(), kept.size());
    for (const auto& [name, gradient] : kept) {
      ASSERT_TRUE(gradient.defined()) << name;
      ASSERT_TRUE(again.at(name).defined()) << name;
      const double scale = gradient.abs().max().item<double>();
      EXPECT_LT(greatest_difference(again.at(name), gradient), 1e-4 * scale + 1e-7) << name;
    }
  }
  EXPECT_GT(kept.at("backbone.stem.0.weight").abs().max().item<double>(), 1e-6);
}

TEST(RecomputedSlices, AreRefusedWhereABackboneNormalisesOverAllOfThem) {
  nlohmann::json parameters = recomputing(4);
  parameters["backbone"] = "resnet18";
  try {
    build_network("grader", parameters, "m.json", "networks[0]");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("recompute_slices contradicts backbone"), std::string::npos);
  }
}

TEST(Recomputed, DrawsTheSameNumbersAgainAndLeavesThoseToComeAsTheyAre) {
  torch::manual_seed(5);
  const torch::Tensor weight = torch::tensor({3.0F}).requires_grad_(), input = torch::arange(1, 201) / 100.0;
  int calls = 0;
  const auto dropped = [&](const torch::Tensor& values) {
    ++calls;
    return torch::dropout(values * weight, 0.5, true);
  };
  const torch::Tensor output = recomputed(dropped, input);
  EXPECT_EQ(calls, 1);
  torch::manual_seed(6);
  output.sum().backward();
  EXPECT_EQ(calls, 2);
  // What was dropped adds nothing to the gradient, what stayed adds its value over the weight.
  EXPECT_NEAR(weight.grad().item<double>(), output.sum().item<double>() / 3, 1e-3);
  const torch::Tensor next = torch::rand({4});
  torch::manual_seed(6);
  EXPECT_TRUE(torch::rand({4}).equal(next));
}

TEST(Recomputed, GivesGradientsOfItsInputAndNoneWithoutAnyToGive) {
  const torch::Tensor input = torch::tensor({2.0F, 3.0F}).requires_grad_();
  recomputed([](const torch::Tensor& values) { return values.square(); }, input).sum().backward();
  EXPECT_TRUE(input.grad().equal(torch::tensor({4.0F, 6.0F})));
  const torch::Tensor frozen = torch::tensor({2.0F});
  recomputed([](const torch::Tensor& values) { return values * 2; }, frozen).sum().backward();
  EXPECT_FALSE(frozen.grad().defined());
}

}  // namespace
}  // namespace lumbargrade
