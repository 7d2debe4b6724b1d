#include "network/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include "core/error.h"

namespace lumbargrade {

torch::ScalarType scalar_type_of(const std::string& precision, const torch::Device& device) {
  if (precision == "float32" || precision == kInt8) return torch::kFloat32;
  if (precision == "bfloat16") return torch::kBFloat16;
  if (precision != "float16") {
    throw Error(ErrorKind::Usage, text("unknown precision \"", precision, "\"; float32, int8, bfloat16 or float16"));
  }
  if (device.is_cpu()) {
    throw Error(ErrorKind::Usage, "--precision float16 needs a GPU; on the CPU use float32 or bfloat16");
  }
  return torch::kFloat16;
}

// Until LibTorch 2.4 (Debian 12 has 1.13) each device has functions of its own.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

Autocast autocast_of(torch::DeviceType device) {
  return {at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
}

void set_autocast(torch::DeviceType device, const Autocast& wanted) {
  at::autocast::set_autocast_enabled(device, wanted.on);
  at::autocast::set_autocast_dtype(device, wanted.type);
  at::autocast::clear_cache();
}

#else

Autocast autocast_of(torch::DeviceType device) {
  if (device == torch::kCPU) return {at::autocast::is_cpu_enabled(), at::autocast::get_autocast_cpu_dtype()};
  return {at::autocast::is_enabled(), at::autocast::get_autocast_gpu_dtype()};
}

void set_autocast(torch::DeviceType device, const Autocast& wanted) {
  if (device == torch::kCPU) {
    at::autocast::set_cpu_enabled(wanted.on);
    at::autocast::set_autocast_cpu_dtype(wanted.type);
  } else {
    at::autocast::set_enabled(wanted.on);
    at::autocast::set_autocast_gpu_dtype(wanted.type);
  }
  at::autocast::clear_cache();
}

#endif

}  // namespace lumbargrade
