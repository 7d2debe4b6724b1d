#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <string>

namespace lumbargrade {

/// A module that can multiply its batch normalisation into its convolutions.
class Foldable {
 public:
  virtual ~Foldable() = default;
  /// For inference only: the module must be in evaluation mode, and its state has other names afterwards.
  virtual void fold_batch_norm() = 0;
};

/// Folds every Foldable below `module`, and `module` itself.
void fold_batch_norm_below(torch::nn::Module& module);

/// Lays the weights of convolutions out with the channels last: the convolutions then answer in that layout, whatever
/// their input's, and run faster.
void use_channels_last(torch::nn::Module& module);

/// Makes a network faster without changing what it computes beyond rounding: evaluation mode, batch normalisation
/// folded, channels last. Once, after load_state; the state has other names then.
void prepare_for_inference(torch::nn::Module& module);

/// A module that only gives its children's names a first part ("conv1" of "conv1.0.weight").
struct GroupImpl : torch::nn::Module {};
TORCH_MODULE(Group);

/// Where a child is registered.
struct ChildName {
  torch::nn::Module* owner;
  std::string name;
};

/// A convolution without bias and the batch normalisation after it, registered under the two names that timm gives
/// them; timm has no module that holds just these two, so this is none. It must not outlive the owners.
class ConvNorm {
 public:
  ConvNorm() = default;
  ConvNorm(const ChildName& convolution, ChildName norm, torch::nn::Conv2dOptions options, double epsilon = 1e-5);
  ConvNorm(torch::nn::Module* owner, std::string convolution, std::string norm, torch::nn::Conv2dOptions options,
           double epsilon = 1e-5)
      : ConvNorm(ChildName{owner, std::move(convolution)}, {owner, std::move(norm)}, options, epsilon) {}

  torch::Tensor operator()(const torch::Tensor& input);
  bool exists() const { return !convolution_.is_empty(); }
  /// Multiplies the normalisation into the convolution, which gets a bias. Does nothing the second time.
  void fold();

  torch::nn::BatchNorm2d& norm() { return norm_; }

 private:
  ChildName norm_name_{};
  torch::nn::Conv2d convolution_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
};

}  // namespace lumbargrade
