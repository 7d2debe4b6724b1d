#include "network/state.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "core/error.h"

namespace lumbargrade {
namespace {

[[noreturn]] void refuse(std::string_view what, const std::string& name, const std::string& why) {
  throw Error(ErrorKind::BundleInvalid, text(what, ": tensor \"", name, "\"", why));
}

void check_tensor(const std::string& name, const at::Tensor& own, const at::Tensor& given, std::string_view what) {
  if (own.sizes() != given.sizes()) {
    refuse(what, name, text(" has shape ", given.sizes(), ", the network needs ", own.sizes()));
  }
  const bool both_floating = own.is_floating_point() && given.is_floating_point();
  if (!both_floating && own.scalar_type() != given.scalar_type()) {
    refuse(what, name,
           text(" has dtype ", c10::toString(given.scalar_type()), ", the network needs ",
                c10::toString(own.scalar_type())));
  }
  // One value that is not finite makes the sum so; no float32 tensor can overflow a double.
  if (given.is_floating_point() && !std::isfinite(given.sum(at::kDouble).item<double>())) {
    refuse(what, name, " holds values that are not finite");
  }
}

void check_state(const TensorMap& own, const TensorMap& given, std::string_view what) {
  for (const auto& [name, tensor] : own) {
    const auto found = given.find(name);
    if (found == given.end()) refuse(what, name, ", which the network needs, is missing");
    check_tensor(name, tensor, found->second, what);
  }
  for (const auto& [name, tensor] : given) {
    if (!own.contains(name)) refuse(what, name, " does not belong to the network");
  }
}

}  // namespace

TensorMap collect_state(const torch::nn::Module& module) {
  TensorMap state;
  for (const auto& item : module.named_parameters()) state.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace(item.key(), item.value());
  return state;
}

void load_state(torch::nn::Module& module, const TensorMap& state, std::string_view what) {
  const TensorMap own = collect_state(module);
  check_state(own, state, what);
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : own) tensor.copy_(state.at(name));
}

}  // namespace lumbargrade
