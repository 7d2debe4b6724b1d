#pragma once

#include <string>

namespace lumbargrade {

/// Makes ready what `wanted` ("cpu", "cuda" or "auto") names and returns "cpu" or "cuda". LibTorch's GPU part is loaded
/// only here, so that runs on the CPU never pay for it. "auto" is "cuda" where a driver, LibTorch's GPU part and a
/// usable GPU are all present, "cpu" elsewhere. Throws Error (Failure) when "cuda" is wanted and cannot be had, (Usage)
/// for another word.
std::string ready_device(const std::string& wanted);

}  // namespace lumbargrade
