#pragma once

#include <torch/types.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "network/activation_ranges.h"
#include "network/unet.h"

namespace lumbargrade {

/// Whether Int8UNet can be used: the processor sums products of bytes, and this LibTorch has oneDNN's convolutions of
/// them (2.4 and newer).
bool has_int8_convolutions();

/// A U-Net that computes in integers of 8 bits, on the CPU: some four multiplications in the time of one in float32
/// where the processor sums products of bytes (AVX-512 VNNI). Weights are rounded per output channel, symmetrically,
/// layers' values between the ends of their range (Jacob 2018); what both inputs of a concatenation give has one range.
/// The head's logits are float32. Integers are summed exactly: every thread count gives the same numbers.
class Int8UNet {
 public:
  /// Of `network`, prepared for inference (prepare_for_inference); nothing of it is kept. Throws Error (BundleInvalid)
  /// where `ranges` lack a layer of the network, or name another one.
  Int8UNet(UNetImpl& network, const ActivationRanges& ranges);

  /// UNetImpl::logits, float32; `input` float32.
  torch::Tensor logits(const torch::Tensor& input) const;

 private:
  /// How real values become bytes: round(value / step) + zero.
  struct Scale {
    double step = 1;
    int64_t zero = 0;
  };
  struct Convolution {
    torch::Tensor weight;  ///< in oneDNN's own layout
    torch::Tensor weight_steps, weight_zeros, bias;
    int64_t padding = 0;
    Scale input, output;
    std::string activation = "none";  ///< or "relu"
    bool to_float = false;
  };
  using Parameters = std::map<std::string, torch::Tensor>;

  static Scale scale_of(const ValueRange& range);
  static Convolution convolution(const Parameters& parameters, const std::string& name, const Scale& input,
                                 const Scale& output);
  static torch::Tensor run(const Convolution& convolution, const torch::Tensor& input);

  Scale input_;
  std::vector<std::array<Convolution, 2>> encoder_;
  std::vector<Convolution> reduce_, decoder_;
  Convolution head_;
};

}  // namespace lumbargrade
