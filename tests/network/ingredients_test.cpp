// What recipes may choose for a grading network beyond pooling of slices: pooling of positions, dropped paths, slices
// as channels or as a volume, neighbours, what slices say alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "core/error.h"
#include "network/architecture.h"
#include "network/fixed_values.h"
#include "network/grader_network.h"
#include "network/spatial_pooling.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(SpatialPoolingTest, generalised_mean_is_the_root_of_the_mean_of_powers) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor maps = torch::rand({2, 5, 3, 4}) + 0.1;
  const auto pooling = make_spatial_pooling(SpatialPoolingKind::GeneralisedMean, 5);
  const torch::Tensor expected = maps.pow(3).mean({2, 3}).pow(1.0 / 3);
  EXPECT_LT(greatest_difference(pooling->forward(maps), expected), 1e-5);
  pooling->named_parameters()["p"].fill_(1);
  EXPECT_LT(greatest_difference(pooling->forward(maps), maps.mean({2, 3})), 1e-6);
  pooling->named_parameters()["p"].fill_(80);
  EXPECT_LT(greatest_difference(pooling->forward(maps), maps.amax({2, 3})), 0.05);
  EXPECT_LT(greatest_difference(pooling->forward(maps.unsqueeze(2)), pooling->forward(maps)), 1e-6) << "volumes too";
}

TEST(SpatialPoolingTest, generalised_mean_learns_its_exponent) {
  const auto pooling = make_spatial_pooling(SpatialPoolingKind::GeneralisedMean, 5);
  pooling->forward(torch::rand({2, 5, 3, 4})).sum().backward();
  EXPECT_NE(pooling->named_parameters()["p"].grad().item<double>(), 0);
}

TEST(SpatialPoolingTest, heat_map_begins_as_the_mean_and_finds_what_its_weights_point_at) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor maps = torch::rand({1, 2, 4, 4});
  const auto pooling = make_spatial_pooling(SpatialPoolingKind::HeatMap, 2);
  EXPECT_LT(greatest_difference(pooling->forward(maps), maps.mean({2, 3})), 1e-6);
  maps[0][1].zero_();
  maps[0][1][2][3] = 1;
  pooling->named_parameters()["score.weight"].copy_(torch::tensor({{0.F, 100.F}}));
  EXPECT_NEAR(pooling->forward(maps)[0][0].item<double>(), maps[0][0][2][3].item<double>(), 1e-5);
}

TEST(DropPathTest, keeps_the_mean_in_training_and_everything_outside_it) {
  torch::manual_seed(5);
  const torch::Tensor branch = torch::ones({20000, 2, 1});
  EXPECT_TRUE(with_dropped_paths(branch, 0.3, false).equal(branch));
  const torch::Tensor dropped = with_dropped_paths(branch, 0.3, true);
  EXPECT_NEAR(dropped.mean().item<double>(), 1, 0.02);
  EXPECT_NEAR((dropped == 0).to(torch::kFloat).mean().item<double>(), 0.3, 0.02);
  EXPECT_TRUE(dropped.select(1, 0).equal(dropped.select(1, 1))) << "whole samples are dropped";
  EXPECT_EQ(drop_path_rate(0.4, 0, 5), 0);
  EXPECT_EQ(drop_path_rate(0.4, 4, 5), 0.4);
}

json parameters_with(const json& more) {
  json parameters = {{"backbone", "resnet"},
                     {"backbone_options", {{"widths", {8, 12}}, {"blocks", {1, 1}}}},
                     {"views", {"a"}},
                     {"pooling", "mean"},
                     {"hidden", 16}};
  parameters.update(more);
  return parameters;
}

GraderNetwork network_with(const json& more) {
  GraderNetwork network(read_grader_options(parameters_with(more), "recipe", "parameters"));
  set_fixed_state(*network);
  network->eval();
  return network;
}

TEST(SlicesTest, every_way_of_taking_them_answers_and_ignores_views_without_slices) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor valid = torch::ones({3, 5});
  valid[1][4] = 0;
  valid[2].zero_();
  const torch::Tensor slices = torch::randn({3, 5, 32, 32}) * valid.unsqueeze(2).unsqueeze(3);
  for (const json& more :
       {json{{"slices_as", "channels"}, {"slices", 5}}, json{{"slices_as", "volume"}, {"backbone", "resnet3d"}},
        json{{"neighbours", 1}}, json{{"neighbours", 2}, {"spatial_pooling", "gem"}},
        json{{"spatial_pooling", "heat_map"}, {"pooling", "gru_attention"}}}) {
    GraderNetwork network = network_with(more);
    const GraderOutput output = network->forward({{"a", slices}, {"a.valid", valid}});
    EXPECT_EQ(output.logits.sizes(), at::IntArrayRef({3, 3})) << more;
    EXPECT_LT(greatest_difference(output.attention.at("a").sum(1), torch::tensor({1.F, 1.F, 0.F})), 1e-6) << more;
    const GraderOutput alone = network->forward({{"a", slices.narrow(0, 1, 1)}, {"a.valid", valid.narrow(0, 1, 1)}});
    EXPECT_LT(greatest_difference(alone.logits, output.logits.narrow(0, 1, 1)), 1e-5) << more;
    const GraderOutput moved = network->forward({{"a", slices.flip({1})}, {"a.valid", valid.flip({1})}});
    EXPECT_GT(greatest_difference(moved.logits[0], output.logits[0]), 1e-6) << "their order matters: " << more;
  }
}

TEST(SlicesTest, neighbours_are_the_slices_beside_and_the_outer_ones_their_own) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor slices = torch::randn({1, 3, 32, 32});
  GraderNetwork network = network_with({{"neighbours", 1}});
  const auto features_of = [&](const std::vector<int64_t>& places) {
    const torch::Tensor image = slices[0].index_select(0, torch::tensor(places)).unsqueeze(0);
    return network->backbones()[0]->forward(image);
  };
  const torch::Tensor expected = (features_of({0, 0, 1}) + features_of({0, 1, 2}) + features_of({1, 2, 2})) / 3;
  const TensorMap state = collect_state(*network);
  const torch::Tensor logits = torch::linear(expected, state.at("head.weight"), state.at("head.bias"));
  EXPECT_LT(greatest_difference(network->forward({{"a", slices}}).logits, logits), 1e-5);
}

TEST(SlicesTest, slices_speak_alone_in_training_only) {
  const Network network = build_network("grader", parameters_with({{"auxiliary", 0.3}}), "recipe", "networks[0]");
  const TensorMap inputs = {{"a", torch::randn({2, 5, 32, 32})}, {"a.valid", torch::ones({2, 5})}};
  network.module->train();
  const TensorMap trained = network.forward(inputs);
  EXPECT_EQ(trained.at("grade.slices").sizes(), at::IntArrayRef({2, 5, 3}));
  EXPECT_NEAR(trained.at("slices.valid").sum().item<double>(), 10 * 0.3, 1e-5);
  network.module->eval();
  EXPECT_EQ(network.forward(inputs).size(), 1U);
}

TEST(SlicesTest, contradicting_keys_are_refused_by_name) {
  const auto message = [](const json& more) {
    try {
      read_grader_options(parameters_with(more), "recipe.json", "networks[0].parameters");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(message({{"slices", 5}}), HasSubstr("parameters.slices goes with slices_as channels"));
  EXPECT_THAT(message({{"slices_as", "channels"}}), HasSubstr("slices goes with slices_as channels"));
  EXPECT_THAT(message({{"slices_as", "channels"}, {"slices", 5}, {"neighbours", 1}}),
              HasSubstr("neighbours contradicts slices_as"));
  EXPECT_THAT(message({{"slices_as", "channels"}, {"slices", 5}, {"pooling", "lstm_attention"}}),
              HasSubstr("pooling contradicts slices_as"));
  EXPECT_THAT(message({{"slices_as", "volume"}}), HasSubstr("backbone contradicts slices_as"));
  EXPECT_THAT(message({{"backbone", "resnet3d"}}), HasSubstr("backbone contradicts slices_as"));
}

}  // namespace
}  // namespace lumbargrade
