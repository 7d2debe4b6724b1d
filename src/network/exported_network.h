#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "network/safetensors.h"

namespace lumbargrade {

/// How the slices of a crop come to an exported network. N findings, S slices, C colours that all hold the same grey.
enum class SliceLayout {
  Channels,  ///< N x S x H x W
  Sequence,  ///< N x S x C x H x W
  Volume,    ///< N x C x S x H x W
  Batch      ///< (N S) x C x H x W; the answers of a finding's valid slices are averaged
};

/// What an exported network is told, besides its file.
struct ExportedOptions {
  std::vector<std::string> views;      ///< names of the inputs
  std::vector<std::string> arguments;  ///< of its forward, in order: `<view>` or `<view>.valid`
  SliceLayout layout = SliceLayout::Channels;
  std::int64_t colours = 1;
  bool gives_probabilities = false;  ///< else logits
};

/// Whether the LibTorch that this program was built with can run what torch.export writes.
bool runs_exported_networks();

/// A network that PyTorch exported, run by LibTorch's own runner (torch::nativert), which interprets the graph: no
/// Python, no code from the file. It has no parameters of its own that training could change.
class ExportedNetworkImpl : public torch::nn::Module {
 public:
  /// Reads and checks the .pt2 file (read_exported_program) and holds its inputs and outputs against `options`. Error
  /// (BundleInvalid) where they contradict each other, or where this program's LibTorch has no runner.
  ExportedNetworkImpl(const std::filesystem::path& path, ExportedOptions options);

  /// `<view>` N x S x H x W and, may be absent (all are valid), `<view>.valid` N x S to logits N x 3. Runs as many
  /// findings at once as the network was exported for, one thread at a time. Throws c10::Error when an input is missing
  /// or of another shape than the network takes, or a pass needs more than 4 GiB.
  torch::Tensor forward(const TensorMap& inputs);

  /// The runner is made anew there. Exported networks compute in float32 whatever the type.
  void to(torch::Device device, torch::Dtype dtype, bool non_blocking = false) override;
  void to(torch::Device device, bool non_blocking = false) override;

 private:
  class Runner;
  std::shared_ptr<Runner> runner_;
};
TORCH_MODULE(ExportedNetwork);

}  // namespace lumbargrade
