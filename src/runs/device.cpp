#include "runs/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <filesystem>

#include "core/error.h"

namespace lumbargrade {
namespace {

bool has_driver() {
  std::error_code ignored;
  return std::filesystem::exists("/proc/driver/nvidia/version", ignored);
}

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
  if (wanted == "auto") return has_driver() && obstacle_to_cuda().empty() ? "cuda" : "cpu";
  if (wanted != "cuda") throw Error(ErrorKind::Usage, text("unknown device \"", wanted, "\"; cpu, cuda or auto"));
  const std::string obstacle = obstacle_to_cuda();
  if (!obstacle.empty()) throw Error(ErrorKind::Failure, text("cannot use --device cuda: ", obstacle));
  return "cuda";
}

}  // namespace lumbargrade
