#pragma once

#include <torch/types.h>

namespace lumbargrade {

/// Whether a device's operators compute in lower precision, and in which (PyTorch's autocast). Of this thread.
struct Autocast {
  bool on = false;
  torch::ScalarType type = torch::kBFloat16;
};

Autocast autocast_of(torch::DeviceType device);

/// Forgets the weights that were converted so far.
void set_autocast(torch::DeviceType device, const Autocast& wanted);

}  // namespace lumbargrade
