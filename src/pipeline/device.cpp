#include "pipeline/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <filesystem>
#include <optional>
#include <string_view>

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

constexpr std::string_view kGpu = "cuda";
constexpr std::string_view kNumberedGpu = "cuda:";
constexpr size_t kMostDigits = 3;

/// N of "cuda:N".
std::optional<size_t> gpu_number(const std::string& word) {
  if (!word.starts_with(kNumberedGpu)) return std::nullopt;
  const std::string digits = word.substr(kNumberedGpu.size());
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoul(digits);
}

}  // namespace

bool is_device_name(const std::string& word) {
  return word == "cpu" || word == "auto" || word == kGpu || gpu_number(word);
}

std::string ready_device(const std::string& wanted) {
  if (wanted == "cpu") return "cpu";
  if (wanted == "auto") return has_driver() && obstacle_to_cuda().empty() ? "cuda" : "cpu";
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
