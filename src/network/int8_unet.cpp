#include "network/int8_unet.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/jit_type.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/processor.h"

namespace lumbargrade {
namespace {

constexpr const char* kPack = "onednn::qconv_prepack";
constexpr const char* kConvolve = "onednn::qconv2d_pointwise";
constexpr double kBytes = 255;        // steps between the ends of a layer's range
constexpr double kWeightSteps = 127;  // on either side of 0
constexpr double kSmallestStep = 1e-8;

/// Calls an operator of LibTorch that has no C++ function.
torch::Tensor call(const char* name, torch::Stack arguments) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&arguments);
  return arguments.front().toTensor();
}

c10::List<int64_t> both(int64_t value) {
  return c10::List<int64_t>({value, value});
}

/// The range that holds both.
ValueRange joined(const ValueRange& a, const ValueRange& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

/// The first that is there: a convolution's bias has another name once its normalisation is folded.
const torch::Tensor& parameter(const std::map<std::string, torch::Tensor>& parameters,
                               const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto found = parameters.find(name);
    if (found != parameters.end()) return found->second;
  }
  throw Error(ErrorKind::Failure, text("the U-Net has no ", names.front(), " to be rounded"));
}

/// Takes ranges out by their layers' names.
class NamedRanges {
 public:
  explicit NamedRanges(ActivationRanges ranges) : ranges_(std::move(ranges)) {}

  ValueRange take(const std::string& layer) {
    const auto found = ranges_.find(layer);
    if (found == ranges_.end()) {
      throw Error(ErrorKind::BundleInvalid, text("activation_ranges lack the layer ", layer));
    }
    const ValueRange range = found->second;
    ranges_.erase(found);
    return range;
  }
  void check_all_taken() const {
    if (ranges_.empty()) return;
    throw Error(ErrorKind::BundleInvalid,
                text("activation_ranges name the layer ", ranges_.begin()->first, ", which the network does not have"));
  }

 private:
  ActivationRanges ranges_;
};

/// Largest of 2 x 2 bytes. (LibTorch's max_pool2d takes no images of bytes that are wider than 255.)
torch::Tensor halved(const torch::Tensor& bytes) {
  using at::indexing::Slice, at::indexing::Ellipsis;
  const torch::Tensor rows = torch::maximum(bytes.index({Ellipsis, Slice(0, {}, 2), Slice()}),
                                            bytes.index({Ellipsis, Slice(1, {}, 2), Slice()}));
  return torch::maximum(rows.index({Ellipsis, Slice(0, {}, 2)}), rows.index({Ellipsis, Slice(1, {}, 2)}));
}

}  // namespace

bool has_int8_convolutions() {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  auto& dispatcher = c10::Dispatcher::singleton();
  return sums_products_of_bytes() && dispatcher.findSchema({kPack, ""}) && dispatcher.findSchema({kConvolve, ""});
#else
  return false;  // the operators' arguments were others
#endif
}

Int8UNet::Scale Int8UNet::scale_of(const ValueRange& range) {
  const double step = std::max((range.high - range.low) / kBytes, kSmallestStep);
  return {step, std::clamp<int64_t>(std::lround(-range.low / step), 0, static_cast<int64_t>(kBytes))};
}

Int8UNet::Convolution Int8UNet::convolution(const Parameters& parameters, const std::string& name, const Scale& input,
                                            const Scale& output) {
  const torch::Tensor& weight = parameter(parameters, {name + ".weight"});
  const torch::Tensor steps = (weight.abs().amax({1, 2, 3}) / kWeightSteps).clamp_min(kSmallestStep);
  const torch::Tensor rounded =
      torch::round(weight / steps.reshape({-1, 1, 1, 1})).clamp(-kWeightSteps, kWeightSteps).to(torch::kInt8);
  Convolution convolution;
  convolution.weight_steps = steps;
  convolution.weight_zeros = torch::zeros(steps.sizes(), torch::kInt32);
  convolution.bias = parameter(parameters, {name + ".folded_bias", name + ".bias"}).detach().clone();
  convolution.padding = weight.size(2) / 2;
  convolution.input = input;
  convolution.output = output;
  convolution.weight = call(kPack, {rounded.contiguous(), steps, input.step, input.zero, both(1),
                                    both(convolution.padding), both(1), int64_t{1}, c10::IValue()});
  return convolution;
}

Int8UNet::Int8UNet(UNetImpl& network, const ActivationRanges& ranges) {
  const torch::NoGradGuard no_gradients;
  const size_t levels = network.options().widths.size(), last = levels - 1;
  NamedRanges named(ranges);
  Parameters parameters;
  for (const auto& item : network.named_parameters()) parameters.emplace(item.key(), item.value());
  const auto rectified = [](Convolution convolution) {
    convolution.activation = "relu";
    return convolution;
  };

  input_ = scale_of(named.take("input"));
  std::vector<Scale> skips;
  Scale from = input_;
  for (size_t level = 0; level < levels; ++level) {
    const std::string name = text("encoder.", level);
    const Scale inner = scale_of(named.take(name + ".0"));
    const ValueRange own = named.take(name + ".1");
    // What comes up from below is joined to it.
    const Scale outer = scale_of(level == last ? own : joined(own, named.take(text("reduce.", last - 1 - level))));
    encoder_.push_back({rectified(convolution(parameters, name + ".0.conv", from, inner)),
                        rectified(convolution(parameters, name + ".1.conv", inner, outer))});
    skips.push_back(outer);
    from = outer;
  }
  for (size_t step = 0; step < last; ++step) {
    const Scale skip = skips[last - 1 - step], output = scale_of(named.take(text("decoder.", step)));
    reduce_.push_back(convolution(parameters, text("reduce.", step), from, skip));
    decoder_.push_back(rectified(convolution(parameters, text("decoder.", step, ".conv"), skip, output)));
    from = output;
  }
  head_ = convolution(parameters, "head", from, {});
  head_.to_float = true;
  named.check_all_taken();
}

torch::Tensor Int8UNet::run(const Convolution& convolution, const torch::Tensor& input) {
  const auto type = convolution.to_float ? torch::kFloat32 : torch::kUInt8;
  return call(kConvolve,
              {input, convolution.input.step, convolution.input.zero, convolution.weight, convolution.weight_steps,
               convolution.weight_zeros, convolution.bias, both(1), both(convolution.padding), both(1), int64_t{1},
               convolution.output.step, convolution.output.zero, type, convolution.activation,
               c10::impl::GenericList(c10::OptionalType::create(c10::NumberType::get())), std::string()});
}

torch::Tensor Int8UNet::logits(const torch::Tensor& input) const {
  const torch::Tensor bytes = torch::quantize_per_tensor(input, input_.step, input_.zero, torch::kQUInt8).int_repr();
  torch::Tensor features = torch::pixel_unshuffle(bytes, 2).contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<torch::Tensor> skips;
  for (size_t level = 0; level < encoder_.size(); ++level) {
    if (level > 0) features = halved(features);
    for (const Convolution& convolution : encoder_[level]) features = run(convolution, features);
    skips.push_back(features);
  }
  skips.pop_back();
  for (size_t step = 0; step < decoder_.size(); ++step) {
    features = run(reduce_[step], features);
    features = torch::upsample_nearest2d(features, {skips.back().size(2), skips.back().size(3)});
    features = torch::cat({features, skips.back()}, 1);
    skips.pop_back();
    features = run(decoder_[step], features);
  }
  return run(head_, features);
}

}  // namespace lumbargrade
