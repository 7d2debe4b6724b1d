#include "network/unet.h"

#include <gtest/gtest.h>

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
  reference.network->fold_batch_norm();
  expect_same(reference.network->forward(reference.input.contiguous(at::MemoryFormat::ChannelsLast)), reference);
}

TEST(UNet, TellsTheMultipleThatItsInputMustHave) {
  EXPECT_EQ(UNet(UNetOptions{{4, 6, 8}, 4, 3})->stride(), 8);
  EXPECT_EQ(UNet(UNetOptions{})->stride(), 64);
}

}  // namespace
}  // namespace lumbargrade
