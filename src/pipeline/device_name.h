#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace lumbargrade {

inline constexpr const char* kDriverFile = "/proc/driver/nvidia/version";

/// Whether this is "cpu", "auto", "cuda" or "cuda:N".
bool is_device_name(const std::string& word);

/// N of "cuda:N", which LibTorch knows without leading zeros alone; nothing for another word.
std::optional<size_t> gpu_number(const std::string& word);

/// Whether this machine has a driver of NVIDIA. Looks for files only.
bool has_gpu_driver();

/// The version of NVIDIA's driver, such as "580.65.06", from what it tells in /proc/driver/nvidia/version; empty where
/// the text names none.
std::string driver_version(const std::string& text);

}  // namespace lumbargrade
