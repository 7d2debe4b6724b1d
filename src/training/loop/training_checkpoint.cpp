#include "training/loop/training_checkpoint.h"

#include <torch/utils.h>
#include <torch/version.h>

#include <string_view>

#include "core/error.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

constexpr const char* kProgress = "progress";
constexpr std::string_view kNetworkPrefix = "network.";
constexpr std::string_view kAveragePrefix = "average.";
constexpr std::string_view kBestPrefix = "best.";
constexpr std::string_view kOptimizerPrefix = "optimizer.";

void add_under(std::string_view prefix, const TensorMap& tensors, TensorMap& all) {
  for (const auto& [name, tensor] : tensors) all.emplace(text(prefix, name), tensor);
}

TensorMap taken_from(const TensorMap& all, std::string_view prefix) {
  TensorMap tensors;
  for (const auto& [name, tensor] : all) {
    if (name.starts_with(prefix)) tensors.emplace(name.substr(prefix.size()), tensor);
  }
  return tensors;
}

std::string moment_name(size_t parameter, const char* what) {
  return text(parameter, ".", what);
}

/// Of all groups, in their order.
std::vector<torch::Tensor> parameters_of(const torch::optim::AdamW& optimizer) {
  std::vector<torch::Tensor> parameters;
  for (const auto& group : optimizer.param_groups())
    parameters.insert(parameters.end(), group.params().begin(), group.params().end());
  return parameters;
}

/// What an optimiser finds a parameter's state by: its address, in LibTorch 1.13 (Debian 12's) as words.
auto state_key(const torch::Tensor& parameter) {
#if TORCH_VERSION_MAJOR >= 2
  return static_cast<void*>(parameter.unsafeGetTensorImpl());
#else
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
#endif
}

/// Steps and moments by the parameter's place; parameters that never had a gradient have none.
TensorMap optimizer_state(const torch::optim::AdamW& optimizer) {
  TensorMap state;
  const std::vector<torch::Tensor> parameters = parameters_of(optimizer);
  for (size_t k = 0; k < parameters.size(); ++k) {
    const auto found = optimizer.state().find(state_key(parameters[k]));
    if (found == optimizer.state().end()) continue;
    const auto& of_parameter = static_cast<const torch::optim::AdamWParamState&>(*found->second);
    state.emplace(moment_name(k, "step"), torch::tensor(of_parameter.step(), torch::kLong));
    state.emplace(moment_name(k, "mean"), of_parameter.exp_avg());
    state.emplace(moment_name(k, "square"), of_parameter.exp_avg_sq());
  }
  return state;
}

/// On the parameter's device and in its layout, as the optimiser makes its moments.
torch::Tensor laid_out_as(const torch::Tensor& parameter, const torch::Tensor& moment) {
  return torch::empty_like(parameter).copy_(moment);
}

void load_optimizer(torch::optim::AdamW& optimizer, const TensorMap& state) {
  const std::vector<torch::Tensor> parameters = parameters_of(optimizer);
  for (size_t k = 0; k < parameters.size(); ++k) {
    const auto step = state.find(moment_name(k, "step"));
    if (step == state.end()) continue;
    auto of_parameter = std::make_unique<torch::optim::AdamWParamState>();
    of_parameter->step(step->second.item<int64_t>());
    of_parameter->exp_avg(laid_out_as(parameters[k], state.at(moment_name(k, "mean"))));
    of_parameter->exp_avg_sq(laid_out_as(parameters[k], state.at(moment_name(k, "square"))));
    optimizer.state()[state_key(parameters[k])] = std::move(of_parameter);
  }
}

}  // namespace

TensorMap checkpoint_state(const TrainedModules& modules, const TensorMap& best) {
  TensorMap all;
  add_under(kNetworkPrefix, collect_state(modules.network), all);
  add_under(kAveragePrefix, collect_state(modules.average), all);
  add_under(kOptimizerPrefix, optimizer_state(modules.optimizer), all);
  for (auto& [name, tensor] : all) tensor = tensor.detach().to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true);
  add_under(kBestPrefix, best, all);  // a copy already, which nothing changes
  return all;
}

void write_checkpoint(const std::filesystem::path& path, const TensorMap& state, const nlohmann::json& progress) {
  write_safetensors(path, state, {{kProgress, progress.dump()}});
}

std::optional<nlohmann::json> checkpoint_progress(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto metadata = read_safetensors_header(path).metadata;
  const auto found = metadata.find(kProgress);
  if (found == metadata.end()) throw Error(ErrorKind::Failure, text(path.string(), " is no checkpoint of training"));
  return nlohmann::json::parse(found->second);
}

TensorMap load_checkpoint(const std::filesystem::path& path, const TrainedModules& modules) {
  const TensorMap all = read_safetensors(path);
  load_state(modules.network, taken_from(all, kNetworkPrefix), path.string());
  load_state(modules.average, taken_from(all, kAveragePrefix), path.string());
  load_optimizer(modules.optimizer, taken_from(all, kOptimizerPrefix));
  return taken_from(all, kBestPrefix);
}

}  // namespace lumbargrade
