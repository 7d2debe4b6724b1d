#pragma once

#include <string>

namespace lumbargrade {

/// Makes ready what `wanted` names and returns "cpu", "cuda" or "cuda:N". LibTorch's GPU part is loaded only here, so
/// that runs on the CPU never pay for it. "auto" is "cuda" where a driver, LibTorch's GPU part and a usable GPU are all
/// present, "cpu" elsewhere. Throws Error (Failure) when a GPU is wanted and cannot be had, (Usage) for another word.
std::string ready_device(const std::string& wanted);

/// Whether ready_device(wanted) may ask a GPU's driver for something, after which this process must not fork: no child
/// of it could use the GPU.
bool may_touch_gpu(const std::string& wanted);

}  // namespace lumbargrade
