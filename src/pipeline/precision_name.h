#pragma once

#include <string>

#include "bundle/manifest.h"

namespace lumbargrade {

/// What --precision takes: "auto" is resolved_precision's choice.
inline constexpr const char* kAutoPrecision = "auto";

/// In which numbers networks compute that were asked to in `wanted` on `device`. "auto" becomes "int8" on the CPU where
/// the bundle has activation ranges and the processor and the LibTorch that this program was built with can, and else
/// "float32". Needs no LibTorch: a batch says it of its workers.
std::string resolved_precision(const std::string& wanted, const std::string& device, const Manifest& manifest);

}  // namespace lumbargrade
