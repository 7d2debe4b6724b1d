#include "network/recomputed.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/autograd.h>
#include <torch/utils.h>

#include "network/precision.h"

namespace lumbargrade {
namespace {

using Compute = std::function<torch::Tensor(const torch::Tensor&)>;

at::Generator generator_of(const torch::Device& device) {
  return device.is_cpu() ? at::detail::getDefaultCPUGenerator() : at::globalContext().defaultGenerator(device);
}

/// What else decides a result, besides input and parameters.
struct Surroundings {
  explicit Surroundings(const torch::Device& of)
      : device(of), random(generator_of(of).get_state()), precision(autocast_of(of.type())) {}

  void restore() const {
    generator_of(device).set_state(random);
    set_autocast(device.type(), precision);
  }

  torch::Device device;
  torch::Tensor random;
  Autocast precision;
};

/// What a backward pass needs to compute once more.
struct Kept : torch::CustomClassHolder {
  Kept(Compute what, const torch::Device& device) : compute(std::move(what)), surroundings(device) {}

  Compute compute;
  Surroundings surroundings;
};

class Recomputation : public torch::autograd::Function<Recomputation> {
 public:
  /// Of the tensors that come in, `asking` alone always asks for a gradient: else nothing would lead back to here.
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& input,
                               const torch::Tensor& /*asking*/, const Compute& compute) {
    context->save_for_backward({input});
    context->saved_data["kept"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(compute, input.device()));
    return compute(input);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["kept"].toCapsule());
    torch::Tensor input = context->get_saved_variables()[0].detach();
    input.requires_grad_(context->needs_input_grad(0));
    const torch::Tensor output = again(*kept, input);
    if (output.requires_grad()) torch::autograd::backward({output}, {gradients[0]});
    return {input.grad(), torch::Tensor(), torch::Tensor()};
  }

 private:
  static torch::Tensor again(const Kept& kept, const torch::Tensor& input) {
    const Surroundings now(kept.surroundings.device);
    const torch::AutoGradMode with_gradients(true);
    kept.surroundings.restore();
    torch::Tensor output;
    try {
      output = kept.compute(input);
    } catch (...) {
      now.restore();
      throw;
    }
    now.restore();
    return output;
  }
};

}  // namespace

torch::Tensor recomputed(const Compute& compute, const torch::Tensor& input) {
  if (!torch::GradMode::is_enabled()) return compute(input);
  return Recomputation::apply(input, torch::zeros({1}).requires_grad_(), compute);
}

}  // namespace lumbargrade
