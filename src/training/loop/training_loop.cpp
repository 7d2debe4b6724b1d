#include "training/loop/training_loop.h"

#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lumbargrade {

double rate_at(int step, int steps, double warm_up, double peak) {
  const double warm_steps = std::max(1.0, warm_up * steps);
  if (step < warm_steps) return peak * (step + 1) / warm_steps;
  const double progress = (step - warm_steps) / std::max(1.0, steps - warm_steps);
  return peak * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

void update_average(torch::nn::Module& average, const torch::nn::Module& network, int step, double decay) {
  const torch::NoGradGuard no_grad;
  const double used = std::min(decay, (1.0 + step) / (10.0 + step));
  auto averaged = average.parameters();
  const auto current = network.parameters();
  for (size_t k = 0; k < averaged.size(); ++k) averaged[k].lerp_(current[k], 1 - used);
  auto averaged_buffers = average.buffers();
  const auto current_buffers = network.buffers();
  for (size_t k = 0; k < averaged_buffers.size(); ++k) averaged_buffers[k].copy_(current_buffers[k]);
}

}  // namespace lumbargrade
