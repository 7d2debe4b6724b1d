#include "pipeline/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <cstdlib>

#include "core/error.h"
#include "core/files.h"
#include "pipeline/device_name.h"

namespace lumbargrade {
namespace {

// The wheel's CUDA 13 refuses older drivers.
constexpr const char* kOldestDriver = "580";

/// What cuBLAS needs to give the same numbers on every run (NVIDIA, "Results Reproducibility" in cuBLAS's manual). It
/// reads this when its library is loaded.
void make_cublas_repeatable() {
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
}

/// float32 means float32, as on the CPU: no TF32, which has ten bits.
void forbid_tf32() {
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
}

bool load_gpu_part() {
  make_cublas_repeatable();
  return dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

/// Why CUDA cannot be used, empty when it can.
std::string obstacle_to_cuda() {
  if (!load_gpu_part()) return "LibTorch's GPU part is not installed; scripts/setup --cuda brings it";
  if (!at::globalContext().hasCUDA() || at::getNumGPUs() == 0) {
    return text("LibTorch finds no usable GPU; it needs NVIDIA's driver ", kOldestDriver, " or newer, here is ",
                has_gpu_driver() ? driver_version(file_text(kDriverFile).value_or("")) : "none");
  }
  forbid_tf32();
  return "";
}

}  // namespace

bool may_touch_gpu(const std::string& wanted) {
  return wanted != "cpu" && has_gpu_driver();
}

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
