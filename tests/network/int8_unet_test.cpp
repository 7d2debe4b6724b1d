#include "network/int8_unet.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/error.h"
#include "network/conv_norm.h"
#include "network/unet_runner.h"

namespace lumbargrade {
namespace {

/// A network with drawn weights, the ranges of its layers on a drawn image, and that image.
struct Example {
  UNet network{UNetOptions{{16, 32, 48}, 4, 3}};
  torch::Tensor image;
  ActivationRanges ranges;
};

Example drawn_example() {
  torch::manual_seed(7);
  Example example;
  example.image = torch::randn({1, 1, 64, 48});
  example.network->train();
  for (int step = 0; step < 3; ++step) example.network->forward(torch::randn({2, 1, 64, 48}));  // moves the statistics
  prepare_for_inference(*example.network);
  example.network->logits(example.image, [&](const std::string& layer, const torch::Tensor& values) {
    example.ranges[layer] = {std::min(0.0, values.min().item<double>()), std::max(0.0, values.max().item<double>())};
  });
  return example;
}

class Int8UNetTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_int8_convolutions()) GTEST_SKIP() << "no AVX-512 VNNI, or a LibTorch before 2.4";
  }
  torch::NoGradGuard no_gradients_;
};

TEST_F(Int8UNetTest, GivesWhatTheNetworkGivesInFloat32ButForRounding) {
  Example example = drawn_example();
  const torch::Tensor wanted = example.network->logits(example.image);
  const torch::Tensor found = Int8UNet(*example.network, example.ranges).logits(example.image);
  ASSERT_EQ(found.sizes(), wanted.sizes());
  EXPECT_EQ(found.scalar_type(), torch::kFloat32);
  // Some ten layers round to a 255th of their range each.
  EXPECT_LT((found - wanted).abs().mean().item<double>(), 0.1 * wanted.std().item<double>());
  EXPECT_GT((found - wanted).abs().max().item<double>(), 0) << "the same numbers would not be bytes";
}

TEST_F(Int8UNetTest, GivesTheSameBitsWithEveryNumberOfThreads) {
  Example example = drawn_example();
  const Int8UNet int8(*example.network, example.ranges);
  at::set_num_threads(1);
  const torch::Tensor alone = int8.logits(example.image);
  at::set_num_threads(2);
  EXPECT_TRUE(torch::equal(int8.logits(example.image), alone));
}

TEST_F(Int8UNetTest, RunsThroughTheSameRunnerAsFloats) {
  Example example = drawn_example();
  const UNetOptions options = example.network->options();
  const auto int8 = std::make_shared<Int8UNet>(*example.network, example.ranges);
  EXPECT_TRUE(torch::equal(UNetRunner(int8, options).logits(example.image), int8->logits(example.image)));
  EXPECT_TRUE(torch::allclose(UNetRunner(example.network, torch::kCPU).logits(example.image),
                              example.network->logits(example.image)));
}

TEST_F(Int8UNetTest, ARangeThatIsMissingOrOfNoLayerIsNamed) {
  Example example = drawn_example();
  const auto complaint = [&](const ActivationRanges& ranges) -> std::string {
    try {
      Int8UNet(*example.network, ranges);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
      return error.what();
    }
    return "";
  };
  ActivationRanges without = example.ranges, with = example.ranges;
  without.erase("decoder.0");
  with["decoder.9"] = {0, 1};
  EXPECT_EQ(complaint(without), "activation_ranges lack the layer decoder.0");
  EXPECT_EQ(complaint(with), "activation_ranges name the layer decoder.9, which the network does not have");
  EXPECT_EQ(complaint(example.ranges), "");
}

}  // namespace
}  // namespace lumbargrade
