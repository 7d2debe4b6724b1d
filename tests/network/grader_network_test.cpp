#include "network/grader_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

#include "core/error.h"
#include "network/architecture.h"
#include "network/backbone_init.h"
#include "network/conv_norm.h"
#include "network/fixed_values.h"

namespace lumbargrade {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json small_parameters(const std::string& pooling = "attention") {
  return {{"backbone", "resnet"},
          {"backbone_options", {{"widths", {8, 12}}, {"blocks", {1, 1}}}},
          {"views", {"sagittal_t2", "axial_t2"}},
          {"pooling", pooling},
          {"hidden", 16},
          {"dropout", 0.5}};
}

GraderNetwork grader(const json& parameters) {
  GraderNetwork network(read_grader_options(parameters, "manifest.json", "parameters"));
  set_fixed_state(*network);
  return network;
}

/// Four findings; the second view has another number of slices and another size.
TensorMap small_inputs() {
  torch::Tensor valid = torch::ones({4, 5});
  valid[1][0] = valid[1][4] = valid[2][3] = valid[2][4] = 0;
  valid[3].zero_();
  return {{"sagittal_t2", torch::randn({4, 5, 32, 32})},
          {"sagittal_t2.valid", valid},
          {"axial_t2", torch::randn({4, 3, 24, 40})}};
}

void expect_near(const torch::Tensor& a, const torch::Tensor& b, double tolerance) {
  ASSERT_EQ(a.sizes(), b.sizes());
  EXPECT_LT(greatest_difference(a, b), tolerance);
}

/// A network of three outputs and, for each, one of a single output with the same trunk and its third of the head.
TEST(Outputs, OfOneNetworkAreWhatNetworksOfOneOutputWithTheSameTrunkSay) {
  const torch::NoGradGuard no_gradients;
  json parameters = small_parameters();
  parameters["auxiliary"] = 0.3;
  json one = parameters;
  parameters["outputs"] = {"canal", "foraminal", "subarticular"};
  const Network several = build_network("grader", parameters, "manifest.json", "network");
  set_fixed_state(*several.module);
  const TensorMap inputs = small_inputs();
  several.module->train();
  const TensorMap trained = several.forward(inputs);
  EXPECT_EQ(trained.at("foraminal.slices").sizes(), at::IntArrayRef({4, 8, 3})) << "five slices and three";
  EXPECT_EQ(trained.at("slices.valid").sizes(), at::IntArrayRef({4, 8}));
  several.module->eval();
  const TensorMap said = several.forward(inputs);
  EXPECT_EQ(said.size(), 3U);
  int64_t first = 0;
  for (const std::string output : {"canal", "foraminal", "subarticular"}) {
    one["outputs"] = {output};
    const Network alone = build_network("grader", one, "manifest.json", "network");
    TensorMap state;
    for (const auto& [name, tensor] : collect_state(*several.module)) {
      const bool is_head = name.starts_with("head.") || name.starts_with("auxiliary.");
      state[name] = is_head ? tensor.narrow(0, first, 3) : tensor;
    }
    load_state(*alone.module, state, "test");
    alone.module->eval();
    expect_near(alone.forward(inputs).at(output), said.at(output), 1e-6);
    first += 3;
  }
  EXPECT_GT(greatest_difference(said.at("canal"), said.at("foraminal")), 1e-3);
}

TEST(Outputs, OfOneNamedAfterAConditionAndOfTheUsualOneAreTheSameNetwork) {
  const torch::NoGradGuard no_gradients;
  json named = small_parameters();
  named["outputs"] = {"canal"};
  const TensorMap inputs = small_inputs();
  std::vector<torch::Tensor> answers;
  for (const auto& [parameters, output] : {std::pair(small_parameters(), "grade"), std::pair(named, "canal")}) {
    torch::manual_seed(9);  // fresh weights
    const Network network = build_network("grader", parameters, "manifest.json", "network");
    network.module->eval();
    answers.push_back(network.forward(inputs).at(output));
  }
  EXPECT_TRUE(answers[0].equal(answers[1]));
}

TEST(Outputs, ThatAreNoNamesOrStandTwiceAreRefused) {
  json parameters = small_parameters();
  const auto refusal = [&](const json& outputs) -> std::string {
    parameters["outputs"] = outputs;
    try {
      read_grader_options(parameters, "manifest.json", "parameters");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal({"canal", "canal"}), HasSubstr("parameters.outputs names \"canal\" twice"));
  EXPECT_THAT(refusal({"canal.slices"}), HasSubstr("lower-case letters"));
  EXPECT_THAT(refusal(json::array()), HasSubstr("parameters.outputs"));
  EXPECT_THAT(refusal(json(std::vector<std::string>(17, "a"))), HasSubstr("at most 16"));
}

class Grader : public ::testing::TestWithParam<std::string> {
 protected:
  Grader() { torch::manual_seed(3); }
  json parameters_ = small_parameters(GetParam());
};

TEST_P(Grader, AnswersThreeLogitsAndTheAttentionOfEachView) {
  const torch::NoGradGuard no_gradients;
  GraderNetwork network = grader(parameters_);
  const TensorMap inputs = small_inputs();
  const GraderOutput output = network->forward(inputs);
  EXPECT_EQ(output.logits.sizes(), at::IntArrayRef({4, 3}));
  expect_near(output.attention.at("sagittal_t2").sum(1), torch::tensor({1.f, 1.f, 1.f, 0.f}), 1e-6);
  expect_near(output.attention.at("axial_t2").sum(1), torch::ones(4), 1e-6);
  EXPECT_EQ(output.attention.at("sagittal_t2")[1][0].item<float>(), 0);
}

TEST_P(Grader, TakesNothingFromPaddingInEvaluationAndInTraining) {
  for (const bool training : {false, true}) {
    json parameters = parameters_;
    parameters["dropout"] = 0;
    GraderNetwork network = grader(parameters);
    GraderNetwork other = grader(parameters);
    network->train(training);
    other->train(training);
    const TensorMap inputs = small_inputs();
    TensorMap padded = inputs;
    const torch::Tensor missing = (inputs.at("sagittal_t2.valid") == 0).reshape({4, 5, 1, 1});
    padded["sagittal_t2"] = inputs.at("sagittal_t2").masked_fill(missing, std::numeric_limits<float>::quiet_NaN());
    EXPECT_TRUE(network->forward(inputs).logits.equal(other->forward(padded).logits));
    // The running statistics of batch normalisation too.
    const TensorMap state = collect_state(*network);
    for (const auto& [name, tensor] : collect_state(*other)) EXPECT_TRUE(tensor.equal(state.at(name))) << name;
  }
}

TEST_P(Grader, AnswersEachFindingAsIfItWereAlone) {
  const torch::NoGradGuard no_gradients;
  GraderNetwork network = grader(parameters_);
  const TensorMap inputs = small_inputs();
  const torch::Tensor together = network->forward(inputs).logits;
  const torch::Tensor order = torch::tensor({2, 0, 3, 1});
  TensorMap permuted;
  for (const auto& [name, tensor] : inputs) permuted[name] = tensor.index_select(0, order);
  expect_near(network->forward(permuted).logits, together.index_select(0, order), 1e-5);
  for (int64_t k = 0; k < 4; ++k) {
    TensorMap one;
    for (const auto& [name, tensor] : inputs) one[name] = tensor.slice(0, k, k + 1);
    expect_near(network->forward(one).logits[0], together[k], 1e-5);
  }
}

TEST_P(Grader, TakesAllSlicesForValidWhereNothingSaysOtherwise) {
  const torch::NoGradGuard no_gradients;
  GraderNetwork network = grader(parameters_);
  TensorMap inputs = small_inputs();
  inputs["sagittal_t2.valid"].fill_(1);
  const torch::Tensor said = network->forward(inputs).logits;
  inputs.erase("sagittal_t2.valid");
  EXPECT_TRUE(network->forward(inputs).logits.equal(said));
}

TEST_P(Grader, ComputesTheSameOncePreparedForInference) {
  const torch::NoGradGuard no_gradients;
  const Network network = build_network("grader", parameters_, "manifest.json", "network");
  set_fixed_state(*network.module);
  const TensorMap inputs = small_inputs();
  const torch::Tensor before = network.forward(inputs).at("grade");
  prepare_for_inference(*network.module);
  expect_near(network.forward(inputs).at("grade"), before, 1e-5);
}

TEST_P(Grader, GivesItsStateToAnother) {
  const torch::NoGradGuard no_gradients;
  GraderNetwork source = grader(parameters_);
  source->train();
  const TensorMap inputs = small_inputs();
  source->forward(inputs);  // moves the running statistics
  GraderNetwork target(read_grader_options(parameters_, "", ""));
  load_state(*target, collect_state(*source), "test");
  source->eval();
  target->eval();
  EXPECT_TRUE(source->forward(inputs).logits.equal(target->forward(inputs).logits));
}

TEST_P(Grader, LearnsThroughEveryParameterEvenWithMissingViews) {
  GraderNetwork network = grader(parameters_);
  network->train();
  torch::nn::functional::cross_entropy(network->forward(small_inputs()).logits, torch::tensor({0, 1, 2, 0})).backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_TRUE(item.value().grad().isfinite().all().item<bool>()) << item.key();
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPooling, Grader, ::testing::Values("mean", "attention", "lstm_attention", "transformer"),
                         [](const auto& each) { return each.param; });

TEST(GraderNetwork, LearnsToTellBrightFromDark) {
  torch::manual_seed(5);
  json parameters = small_parameters();
  parameters["views"] = {"axial_t2"};
  GraderNetwork network(read_grader_options(parameters, "", ""));
  torch::optim::AdamW optimiser(network->parameters(), torch::optim::AdamWOptions(5e-3));
  const auto batch = [] {
    const torch::Tensor labels = torch::randint(0, 3, {16}, torch::kLong);
    const torch::Tensor images = torch::randn({16, 3, 32, 32}) + labels.reshape({16, 1, 1, 1});
    return std::pair{TensorMap{{"axial_t2", images}}, labels};
  };
  for (int step = 0; step < 60; ++step) {
    const auto [inputs, labels] = batch();
    optimiser.zero_grad();
    torch::nn::functional::cross_entropy(network->forward(inputs).logits, labels).backward();
    optimiser.step();
  }
  network->eval();
  const auto [inputs, labels] = batch();
  EXPECT_GE((network->forward(inputs).logits.argmax(1) == labels).sum().item<int64_t>(), 14);
}

TEST(GraderNetwork, TakesSeparateBackbones) {
  json parameters = small_parameters();
  parameters["shared_backbone"] = false;
  GraderNetwork network = grader(parameters);
  EXPECT_EQ(network->backbones().size(), 2);
  EXPECT_TRUE(collect_state(*network).contains("backbones.axial_t2.conv1.weight"));
}

TEST(GraderNetwork, RefusesInputsThatAreMissingOrMisshaped) {
  GraderNetwork network = grader(small_parameters());
  TensorMap inputs = small_inputs();
  inputs["sagittal_t2.valid"] = torch::ones({4, 4});
  EXPECT_THROW(network->forward(inputs), c10::Error);
  inputs.erase("sagittal_t2.valid");
  inputs["axial_t2"] = torch::zeros({4, 24, 40});
  EXPECT_THROW(network->forward(inputs), c10::Error);
  inputs.erase("axial_t2");
  EXPECT_THROW(network->forward(inputs), c10::Error);
}

std::string refusal(const json& changes) {
  json parameters = small_parameters();
  parameters.merge_patch(changes);
  try {
    build_network("grader", parameters, "manifest.json", "networks[1]");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    return error.what();
  }
  return "";
}

TEST(GraderParameters, ThatAreWrongAreAnsweredWithTheNearestName) {
  EXPECT_EQ(refusal(json::object()), "");
  EXPECT_THAT(refusal({{"backbone", "resnet81"}}),
              HasSubstr("manifest.json: networks[1].parameters.backbone is the unknown \"resnet81\"; did you mean"));
  EXPECT_THAT(refusal({{"pooling", "atention"}}), HasSubstr("did you mean \"attention\"?"));
  EXPECT_THAT(refusal({{"hiden", 8}}), HasSubstr("parameters.hiden is no known key; did you mean \"hidden\"?"));
  EXPECT_THAT(refusal({{"hidden", 12}}), HasSubstr("parameters.hidden must be a multiple of 8"));
  EXPECT_THAT(refusal({{"dropout", 1}}), HasSubstr("parameters.dropout must be a number"));
  EXPECT_THAT(refusal({{"views", {"a", "a"}}}), HasSubstr("names \"a\" twice"));
  EXPECT_THAT(refusal({{"views", {"a.valid"}}}), HasSubstr("names \"a.valid\""));
  EXPECT_THAT(refusal({{"views", json::array()}}), HasSubstr("parameters.views must have"));
  EXPECT_THAT(refusal({{"backbone_options", {{"width", 3}}}}), HasSubstr("did you mean \"widths\"?"));
  EXPECT_THAT(refusal({{"backbone_options", {{"blocks", {1}}}}}), HasSubstr("blocks must have 2 entries"));
  EXPECT_THAT(refusal({{"backbone_options", nullptr}}), HasSubstr("backbone_options is missing"));
  EXPECT_THAT(refusal({{"backbone", "resnet18"}}), HasSubstr("backbone_options.blocks is no known key"));
}

/// As published: three colours, a classifier, no counts of batches.
TensorMap published_resnet18(torch::Tensor* features_of = nullptr) {
  BackboneOptions options;
  options.in_channels = 3;
  const auto colour = make_backbone(options);
  set_fixed_state(*colour);
  TensorMap state;
  for (const auto& [name, tensor] : collect_state(*colour)) {
    if (!name.ends_with("num_batches_tracked")) state[name] = tensor.detach().clone();
  }
  state["fc.weight"] = torch::zeros({1000, 512});
  state["fc.bias"] = torch::zeros({1000});
  if (features_of) *features_of = colour->forward(features_of->expand({-1, 3, -1, -1}));
  return state;
}

GraderNetwork resnet18_grader() {
  const json parameters = {{"backbone", "resnet18"}, {"views", {"a"}}, {"pooling", "mean"}};
  return GraderNetwork(read_grader_options(parameters, "", ""));
}

TEST(BackboneInit, SeesAGreyImageAsThePublishedNetworkSeesItInThreeColours) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor image = torch::randn({2, 1, 64, 64});
  torch::Tensor expected = image;
  const TensorMap weights = published_resnet18(&expected);
  GraderNetwork network = resnet18_grader();
  load_backbone_init(*network, weights, "resnet18.safetensors");
  network->eval();
  expect_near(network->backbones().front()->forward(image), expected, 1e-4);
  const TensorMap state = collect_state(*network);
  expect_near(network->forward({{"a", image}}).logits,
              torch::linear(expected, state.at("head.weight"), state.at("head.bias")), 1e-4);
}

std::string init_refusal(const TensorMap& weights) {
  GraderNetwork network = resnet18_grader();
  const torch::Tensor before = collect_state(*network).at("backbone.layer1.0.conv1.weight").clone();
  try {
    load_backbone_init(*network, weights, "w.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_TRUE(collect_state(*network).at("backbone.layer1.0.conv1.weight").equal(before));
    return error.what();
  }
  return "";
}

TEST(BackboneInit, NamesWhatIsMissingMisshapedAndLeftOver) {
  TensorMap weights = published_resnet18();
  EXPECT_EQ(init_refusal(weights), "");
  weights.erase("layer1.0.conv1.weight");
  weights["layer1.0.conv2.weight"] = torch::zeros({1});
  weights["layer1.2.conv1.weight"] = torch::zeros({1});  // as if of a ResNet-34
  EXPECT_EQ(
      init_refusal(weights),
      "w.safetensors does not hold the weights of a resnet18: 1 missing (layer1.0.conv1.weight); 1 of another shape "
      "(layer1.0.conv2.weight [1] instead of [64, 64, 3, 3]); 1 left over (layer1.2.conv1.weight). Give the "
      "file that timm publishes for resnet18");
}

}  // namespace
}  // namespace lumbargrade
