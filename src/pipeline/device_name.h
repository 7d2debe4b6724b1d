#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace lumbargrade {

/// Whether this is "cpu", "auto", "cuda" or "cuda:N".
bool is_device_name(const std::string& word);

/// N of "cuda:N"; nothing for another word.
std::optional<size_t> gpu_number(const std::string& word);

/// Whether this machine has a driver of NVIDIA. Looks for files only.
bool has_gpu_driver();

}  // namespace lumbargrade
