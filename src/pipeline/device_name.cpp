#include "pipeline/device_name.h"

#include <filesystem>
#include <regex>
#include <string_view>

namespace lumbargrade {
namespace {

constexpr std::string_view kGpu = "cuda";
constexpr std::string_view kNumberedGpu = "cuda:";
constexpr size_t kMostDigits = 3;

}  // namespace

bool is_device_name(const std::string& word) {
  return word == "cpu" || word == "auto" || word == kGpu || gpu_number(word);
}

std::optional<size_t> gpu_number(const std::string& word) {
  if (!word.starts_with(kNumberedGpu)) return std::nullopt;
  const std::string digits = word.substr(kNumberedGpu.size());
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoul(digits);
}

std::string driver_version(const std::string& text) {
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 ..."
  static const std::regex version("Kernel Module[^\\n]*?\\s(\\d+(\\.\\d+)+)");
  std::smatch found;
  return std::regex_search(text, found, version) ? found[1].str() : "";
}

bool has_gpu_driver() {
  std::error_code ignored;
  return std::filesystem::exists(kDriverFile, ignored);
}

}  // namespace lumbargrade
