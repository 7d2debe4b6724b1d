#include "network/unet.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "network/conv_norm.h"
#include "network/safetensors.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

/// What PyTorch's Python computed; written by unet_reference.py.
struct UNetReference {
  UNet network{UNetOptions{{4, 6, 8}, 4, 3}};
  torch::Tensor input;
  torch::Tensor fine;
  torch::Tensor coarse;
};

UNetReference load_reference() {
  TensorMap tensors = read_safetensors(std::filesystem::path(LUMBARGRADE_TEST_DATA) / "network/unet.safetensors");
  UNetReference reference;
  TensorMap weights;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with("network.")) weights[name.substr(8)] = tensor;
  }
  load_state(*reference.network, weights, "unet.safetensors");
  reference.network->eval();
  reference.input = tensors.at("input");
  reference.fine = tensors.at("fine");
  reference.coarse = tensors.at("coarse");
  return reference;
}

double greatest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

void expect_same(const UNetOutput& output, const UNetReference& reference) {
  ASSERT_EQ(output.fine.sizes(), reference.fine.sizes());
  ASSERT_EQ(output.coarse.sizes(), reference.coarse.sizes());
  EXPECT_LT(greatest_difference(output.fine, reference.fine), 1e-4);
  EXPECT_LT(greatest_difference(output.coarse, reference.coarse), 1e-4);
  EXPECT_GT(reference.fine.std().item<double>(), 0.05) << "a constant reference would prove nothing";
}

TEST(UNet, ComputesWhatPyTorchComputesFromTheSameWeights) {
  const torch::NoGradGuard no_grad;
  UNetReference reference = load_reference();
  expect_same(reference.network->forward(reference.input), reference);
}

TEST(UNet, ComputesTheSameWithBatchNormalisationFoldedAndChannelsLast) {
  const torch::NoGradGuard no_grad;
  UNetReference reference = load_reference();
  prepare_for_inference(*reference.network);
  expect_same(reference.network->forward(reference.input.contiguous(at::MemoryFormat::ChannelsLast)), reference);
}

TEST(UNet, PreparedForInferenceItStillMovesWhole) {
  const torch::NoGradGuard no_grad;
  UNetReference reference = load_reference();
  prepare_for_inference(*reference.network);
  reference.network->to(torch::kBFloat16);
  const UNetOutput output = reference.network->forward(reference.input.to(torch::kBFloat16));
  EXPECT_EQ(output.fine.scalar_type(), torch::kBFloat16);
  EXPECT_LT(greatest_difference(output.fine.to(torch::kFloat32), reference.fine), 0.1);
}

TEST(UNet, TellsTheMultipleThatItsInputMustHave) {
  EXPECT_EQ(UNet(UNetOptions{{4, 6, 8}, 4, 3})->stride(), 8);
  EXPECT_EQ(UNet(UNetOptions{})->stride(), 64);
}

}  // namespace
}  // namespace lumbargrade
