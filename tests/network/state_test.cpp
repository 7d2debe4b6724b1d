#include "network/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include "core/error.h"

namespace lumbargrade {
namespace {

using ::testing::HasSubstr;

torch::nn::Sequential small_network() {
  return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 3)), torch::nn::BatchNorm2d(2));
}

TensorMap detached_state(const torch::nn::Module& module) {
  TensorMap state = collect_state(module);
  for (auto& [name, tensor] : state) tensor = tensor.detach().clone();
  return state;
}

std::string refusal(const TensorMap& state) {
  torch::nn::Sequential network = small_network();
  const TensorMap before = detached_state(*network);
  try {
    load_state(*network, state, "weights.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    for (const auto& [name, tensor] : detached_state(*network)) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
    return error.what();
  }
  return "";
}

TEST(State, HoldsParametersAndBuffersUnderTheirDottedNames) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : collect_state(*small_network())) names.push_back(name);
  EXPECT_THAT(names, ::testing::ElementsAre("0.bias", "0.weight", "1.bias", "1.num_batches_tracked", "1.running_mean",
                                            "1.running_var", "1.weight"));
}

TEST(State, TravelsFromOneNetworkToAnother) {
  torch::nn::Sequential source = small_network();
  source->forward(torch::randn({4, 1, 8, 8}));  // moves the running statistics
  torch::nn::Sequential target = small_network();
  load_state(*target, collect_state(*source), "test");
  source->eval();
  target->eval();
  const torch::Tensor input = torch::randn({2, 1, 8, 8});
  EXPECT_TRUE(source->forward(input).equal(target->forward(input)));
}

TEST(State, InHalfPrecisionBecomesTheNetworksOwn) {
  TensorMap state = detached_state(*small_network());
  const torch::Tensor half = state["0.weight"].to(torch::kHalf);
  state["0.weight"] = half;
  torch::nn::Sequential network = small_network();
  load_state(*network, state, "test");
  const torch::Tensor loaded = collect_state(*network).at("0.weight");
  EXPECT_EQ(loaded.scalar_type(), torch::kFloat);
  EXPECT_TRUE(loaded.equal(half.to(torch::kFloat)));
}

TEST(State, NamesTheMissingTensor) {
  TensorMap state = detached_state(*small_network());
  state.erase("1.running_var");
  EXPECT_EQ(refusal(state), "weights.safetensors: tensor \"1.running_var\", which the network needs, is missing");
}

TEST(State, NamesTheTensorTooMany) {
  TensorMap state = detached_state(*small_network());
  state["2.weight"] = torch::zeros({1});
  EXPECT_THAT(refusal(state), HasSubstr("\"2.weight\" does not belong"));
}

TEST(State, NamesTheMisshapedTensor) {
  TensorMap state = detached_state(*small_network());
  state["0.weight"] = torch::zeros({2, 1, 9});
  EXPECT_EQ(refusal(state),
            "weights.safetensors: tensor \"0.weight\" has shape [2, 1, 9], the network needs [2, 1, 3, 3]");
}

TEST(State, RefusesNumbersOfAnotherKindAndNumbersThatAreNone) {
  TensorMap state = detached_state(*small_network());
  state["0.bias"] = torch::zeros({2}, torch::kLong);
  EXPECT_THAT(refusal(state), HasSubstr("\"0.bias\" has dtype Long, the network needs Float"));
  state["0.bias"] = torch::full({2}, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(refusal(state), HasSubstr("\"0.bias\" holds values that are not finite"));
}

}  // namespace
}  // namespace lumbargrade
