#include "pipeline/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include "core/error.h"
#include "pipeline/device_name.h"

namespace lumbargrade {
namespace {

bool load_gpu_part() {
  return dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

/// Why CUDA cannot be used, empty when it can.
std::string obstacle_to_cuda() {
  if (!load_gpu_part()) return "LibTorch's GPU part is not installed; scripts/setup --cuda brings it";
  if (!at::globalContext().hasCUDA()) return "LibTorch finds no usable GPU";
  return "";
}

}  // namespace

std::string ready_device(const std::string& wanted) {
  if (wanted == "cpu") return "cpu";
  if (wanted == "auto") return has_gpu_driver() && obstacle_to_cuda().empty() ? "cuda" : "cpu";
  if (!is_device_name(wanted)) {
    throw Error(ErrorKind::Usage, text("unknown device \"", wanted, "\"; cpu, cuda, cuda:N or auto"));
  }
  const std::string obstacle = obstacle_to_cuda();
  if (!obstacle.empty()) throw Error(ErrorKind::Failure, text("cannot use --device ", wanted, ": ", obstacle));
  const size_t number = gpu_number(wanted).value_or(0);
  if (number >= at::getNumGPUs()) {
    throw Error(ErrorKind::Failure,
                text("cannot use --device ", wanted, ": there are ", at::getNumGPUs(), " GPUs, ", "counted from 0"));
  }
  return wanted;
}

}  // namespace lumbargrade
