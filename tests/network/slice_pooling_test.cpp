#include "network/slice_pooling.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "network/fixed_values.h"
#include "network/safetensors.h"

namespace lumbargrade {
namespace {

constexpr int64_t kFeatures = 12;
constexpr int64_t kHidden = 16;

struct Named {
  const char* name;
  PoolingKind kind;
};

class Pooling : public ::testing::TestWithParam<Named> {
 protected:
  Pooling() { set_fixed_state(*pooling_); }

  const TensorMap reference_ =
      read_safetensors(std::filesystem::path(LUMBARGRADE_TEST_DATA) / "network/pooling.safetensors");
  const torch::Tensor features_ = reference_.at("features");
  const torch::Tensor valid_ = reference_.at("valid") != 0;
  std::shared_ptr<SlicePooling> pooling_ = make_slice_pooling(GetParam().kind, kFeatures, kHidden, 0.3);
  const torch::NoGradGuard no_gradients_;
};

/// The reference holds crops with all slices, with some, and with none.
TEST_P(Pooling, ComputesWhatPyTorchComputesOfTheValidSlicesAlone) {
  const PooledSlices pooled = pooling_->forward(features_, valid_);
  const torch::Tensor& expected = reference_.at(std::string(GetParam().name) + ".pooled");
  ASSERT_EQ(pooled.features.sizes(), expected.sizes());
  EXPECT_EQ(pooling_->features(), expected.size(1));
  EXPECT_LT(greatest_difference(pooled.features, expected), 1e-5);
  EXPECT_LT(greatest_difference(pooled.weights, reference_.at(std::string(GetParam().name) + ".weights")), 1e-6);
  EXPECT_GT(expected.std().item<double>(), 0.1);
}

TEST_P(Pooling, ComputesTheSameWhenAllCropsAreComplete) {
  const auto whole = pooling_->forward(features_.slice(0, 0, 1), valid_.slice(0, 0, 1));
  EXPECT_LT(greatest_difference(whole.features[0], reference_.at(std::string(GetParam().name) + ".pooled")[0]), 1e-5);
}

TEST_P(Pooling, TakesNothingFromSlicesThatAreNotValid) {
  const torch::Tensor other = features_.masked_fill(~valid_.unsqueeze(2), std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(pooling_->forward(other, valid_).features.equal(pooling_->forward(features_, valid_).features));
}

TEST_P(Pooling, GivesWeightsThatSumToOneOrNone) {
  const torch::Tensor sums = pooling_->forward(features_, valid_).weights.sum(1);
  EXPECT_LT(greatest_difference(sums, torch::tensor({1.f, 1.f, 1.f, 1.f, 0.f})), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Every, Pooling,
                         ::testing::Values(Named{"mean", PoolingKind::Mean}, Named{"attention", PoolingKind::Attention},
                                           Named{"lstm_attention", PoolingKind::LstmAttention},
                                           Named{"gru_attention", PoolingKind::GruAttention},
                                           Named{"transformer", PoolingKind::Transformer}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(PoolingOrder, MattersToTheLstmAndTheTransformerOnly) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor features = torch::randn({2, 5, kFeatures});
  const torch::Tensor valid = torch::ones({2, 5}, torch::kBool);
  const auto change = [&](PoolingKind kind) {
    const auto pooling = make_slice_pooling(kind, kFeatures, kHidden, 0);
    set_fixed_state(*pooling);
    return greatest_difference(pooling->forward(features, valid).features,
                               pooling->forward(features.flip({1}), valid).features);
  };
  EXPECT_LT(change(PoolingKind::Mean), 1e-6);
  EXPECT_LT(change(PoolingKind::Attention), 1e-6);
  EXPECT_GT(change(PoolingKind::LstmAttention), 1e-3);
  EXPECT_GT(change(PoolingKind::Transformer), 1e-3);
}

}  // namespace
}  // namespace lumbargrade
