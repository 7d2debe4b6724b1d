#include "network/backbone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>
#include <torch/utils.h>

#include <fstream>
#include <sstream>

#include "network/conv_norm.h"
#include "network/fixed_values.h"
#include "network/safetensors.h"

namespace lumbargrade {
namespace {

const std::filesystem::path kReference = std::filesystem::path(LUMBARGRADE_TEST_DATA) / "network";

std::shared_ptr<Backbone> backbone_named(const std::string& name, int64_t in_channels = 1) {
  BackboneOptions options;
  options.name = name;
  options.in_channels = in_channels;
  return make_backbone(options);
}

/// The reference's two images.
torch::Tensor reference_images() {
  torch::Tensor images = uniform_values("input", 2 * 72 * 88).to(torch::kFloat).reshape({2, 1, 72, 88});
  images[1] = 4 * images[1] + 1;
  return images;
}

/// "conv1.weight 64 1 7 7", in the order of names.
std::vector<std::string> state_lines(const torch::nn::Module& module) {
  std::vector<std::string> lines;
  for (const auto& [name, tensor] : collect_state(module)) {
    std::ostringstream line;
    line << name;
    for (const int64_t size : tensor.sizes()) line << " " << size;
    lines.push_back(line.str());
  }
  return lines;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> names_in_timm() {
  std::vector<std::string> names = backbone_names();
  std::erase(names, kFreeBackbone);
  std::erase(names, kVolumeBackbone);  // no network of timm
  return names;
}

class TimmBackbone : public ::testing::TestWithParam<std::string> {
 protected:
  TimmBackbone() : reference_(read_safetensors(kReference / "timm.safetensors").at(GetParam())) {
    set_fixed_state(*backbone_);
  }

  std::shared_ptr<Backbone> backbone_ = backbone_named(GetParam());
  torch::Tensor reference_;
};

TEST_P(TimmBackbone, HasTheNamesAndShapesOfTimmsState) {
  EXPECT_EQ(state_lines(*backbone_), lines_of(kReference / "timm" / (GetParam() + ".txt")));
}

TEST_P(TimmBackbone, ComputesWhatTimmComputesFromTheSameWeights) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor features = backbone_->forward(reference_images());
  ASSERT_EQ(features.sizes(), reference_.sizes());
  EXPECT_EQ(features.size(1), backbone_->features());
  EXPECT_LT(greatest_difference(features, reference_), 1e-4);
  EXPECT_GT((reference_[0] - reference_[1]).abs().max().item<double>(), 0.1) << "a constant would prove nothing";
  RecordProperty("greatest_difference", std::to_string(greatest_difference(features, reference_)));
}

TEST_P(TimmBackbone, ComputesTheSameFoldedAndChannelsLast) {
  const torch::NoGradGuard no_gradients;
  prepare_for_inference(*backbone_);
  const torch::Tensor features = backbone_->forward(reference_images());
  EXPECT_LT(greatest_difference(features, reference_), 1e-4 * std::max(1.0, reference_.abs().max().item<double>()));
  for (const std::string& line : state_lines(*backbone_)) {
    EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("running_mean"))) << "not folded";
  }
}

INSTANTIATE_TEST_SUITE_P(Every, TimmBackbone, ::testing::ValuesIn(names_in_timm()),
                         [](const auto& each) { return each.param; });

TEST(Backbone, OfFreeShapeIsResNet18WithThoseWidthsAndBlocks) {
  BackboneOptions options;
  options.name = kFreeBackbone;
  EXPECT_EQ(state_lines(*make_backbone(options)), state_lines(*backbone_named("resnet18")));
  options.resnet = {{24, 48, 96, 160}, {1, 1, 2, 1}, true, true};
  const auto small = make_backbone(options);
  EXPECT_EQ(small->features(), 160);
  EXPECT_EQ(small->forward(torch::zeros({2, 1, 64, 64})).sizes(), at::IntArrayRef({2, 160}));
  EXPECT_THAT(state_lines(*small), ::testing::Contains("conv1.0.weight 12 1 3 3"));
  EXPECT_THAT(state_lines(*small), ::testing::Contains("layer4.0.downsample.1.weight 160 96 1 1"));
}

TEST(Backbone, StartsWithFeaturesOfTheSizeOfOne) {
  // A wrong initialisation shows as features that vanish or explode with depth.
  torch::manual_seed(1);
  const torch::NoGradGuard no_gradients;
  for (const std::string& name : backbone_names()) {
    if (name == kVolumeBackbone) continue;  // ingredients_test.cpp
    const auto backbone = backbone_named(name);
    const double size = backbone->forward(torch::randn({4, 1, 64, 64})).abs().mean().item<double>();
    EXPECT_GT(size, 0.05) << name;
    EXPECT_LT(size, 5) << name;
  }
}

TEST(Backbone, LearnsThroughEveryParameter) {
  torch::manual_seed(1);
  for (const std::string& name : backbone_names()) {
    if (name == kVolumeBackbone) continue;  // ingredients_test.cpp
    const auto backbone = backbone_named(name);
    set_fixed_state(*backbone);
    backbone->train();
    backbone->forward(torch::randn({3, 1, 64, 64})).square().sum().backward();
    for (const auto& item : backbone->named_parameters()) {
      EXPECT_TRUE(item.value().grad().defined() && item.value().grad().abs().max().item<double>() > 0)
          << name << " " << item.key();
    }
  }
}

TEST(Backbone, FoldsInEvaluationModeOnly) {
  const auto backbone = backbone_named("resnet18");
  EXPECT_THROW(fold_batch_norm_below(*backbone), c10::Error);
}

}  // namespace
}  // namespace lumbargrade
