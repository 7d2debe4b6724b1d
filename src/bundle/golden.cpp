#include "bundle/golden.h"

#include <torch/types.h>

#include <algorithm>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr std::string_view kInput = "input.";
constexpr std::string_view kOutput = "output.";

[[noreturn]] void refuse(const NetworkSpec& spec, const std::string& reason) {
  throw Error(ErrorKind::BundleInvalid, text("golden tensors of the network ", spec.name, ": ", reason));
}

/// The tensors whose name starts with `prefix`, without it.
TensorMap without_prefix(const TensorMap& golden, std::string_view prefix) {
  TensorMap result;
  for (const auto& [name, tensor] : golden) {
    if (name.starts_with(prefix)) result.emplace(name.substr(prefix.size()), tensor);
  }
  return result;
}

bool fits(std::int64_t size, const AxisSpec& axis) {
  return axis.size ? size == *axis.size : size > 0 && size % axis.multiple_of == 0;
}

void check_input(const NetworkSpec& spec, const InputSpec& input, const TensorMap& inputs) {
  const auto found = inputs.find(input.name);
  if (found == inputs.end()) refuse(spec, text("input \"", input.name, "\" is missing"));
  const at::Tensor& tensor = found->second;
  bool valid = tensor.dim() == static_cast<std::int64_t>(input.axes.size()) + 1;
  for (std::size_t i = 0; valid && i < input.axes.size(); ++i) {
    valid = fits(tensor.size(static_cast<std::int64_t>(i) + 1), input.axes[i]);
  }
  if (!valid) refuse(spec, text("input \"", input.name, "\" of shape ", tensor.sizes(), " contradicts its axes"));
  if (!at::isfinite(tensor).all().item<bool>()) refuse(spec, text("input \"", input.name, "\" is not finite"));
}

void check_inputs(const NetworkSpec& spec, const TensorMap& inputs) {
  for (const InputSpec& input : spec.inputs) check_input(spec, input, inputs);
  if (inputs.size() != spec.inputs.size()) refuse(spec, "more inputs than the manifest names");
}

/// Rows and columns are the last two axes of an image; a tensor of N x C has none.
void check_downsampling(const NetworkSpec& spec, const OutputSpec& output, const at::Tensor& input,
                        const at::Tensor& result) {
  if (result.dim() < 4) return;
  for (const std::int64_t axis : {-2, -1}) {
    if (result.size(axis) * output.downsampling == input.size(axis)) continue;
    refuse(spec, text("output \"", output.name, "\" of shape ", result.sizes(), " is not its input's ", input.sizes(),
                      " divided by ", output.downsampling));
  }
}

GoldenDifferences differences(const NetworkSpec& spec, const OutputSpec& output, const at::Tensor& now,
                              const TensorMap& golden) {
  const auto found = golden.find(output.name);
  if (found == golden.end()) refuse(spec, text("output \"", output.name, "\" is missing"));
  const at::Tensor& then = found->second;
  if (now.sizes() != then.sizes()) {
    refuse(spec, text("output \"", output.name, "\" has shape ", then.sizes(), ", the network gives ", now.sizes()));
  }
  const at::Tensor all = (now.to(at::kDouble) - then.to(at::kDouble)).abs();
  const GoldenDifferences result{all.max().item<double>(), all.mean().item<double>()};
  if (!std::isfinite(result.largest)) refuse(spec, text("output \"", output.name, "\" is not finite"));
  return result;
}

}  // namespace

TensorMap golden_inputs(const TensorMap& golden) {
  return without_prefix(golden, kInput);
}

TensorMap golden_outputs(const TensorMap& golden) {
  return without_prefix(golden, kOutput);
}

TensorMap make_golden(const BundleNetwork& network, const TensorMap& inputs) {
  check_inputs(network.spec, inputs);
  TensorMap golden;
  for (const auto& [name, tensor] : inputs) golden.emplace(text(kInput, name), tensor);
  for (const auto& [name, tensor] : run_network(network, inputs)) golden.emplace(text(kOutput, name), tensor);
  return golden;
}

GoldenDifferences golden_differences(const BundleNetwork& network, const TensorMap& golden) {
  const NetworkSpec& spec = network.spec;
  const TensorMap inputs = without_prefix(golden, kInput);
  const TensorMap outputs = without_prefix(golden, kOutput);
  check_inputs(spec, inputs);
  if (inputs.size() + outputs.size() != golden.size() || outputs.size() != spec.outputs.size()) {
    refuse(spec, "tensors that are neither an input nor an output of the manifest");
  }
  const TensorMap results = run_network(network, inputs);
  GoldenDifferences all;
  for (const OutputSpec& output : spec.outputs) {
    const at::Tensor& now = results.at(output.name);
    check_downsampling(spec, output, inputs.begin()->second, now);
    const GoldenDifferences of_output = differences(spec, output, now, outputs);
    all = {std::max(all.largest, of_output.largest), std::max(all.mean, of_output.mean)};
  }
  return all;
}

double golden_difference(const BundleNetwork& network, const TensorMap& golden) {
  return golden_differences(network, golden).largest;
}

}  // namespace lumbargrade
