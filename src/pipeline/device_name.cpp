#include "pipeline/device_name.h"

#include <filesystem>
#include <regex>

namespace lumbargrade {

bool is_device_name(const std::string& word) {
  return word == "cpu" || word == "auto" || word == "cuda" || gpu_number(word);
}

std::optional<size_t> gpu_number(const std::string& word) {
  static const std::regex numbered("cuda:(0|[1-9][0-9]{0,2})");
  std::smatch found;
  return std::regex_match(word, found, numbered) ? std::optional<size_t>(std::stoul(found[1])) : std::nullopt;
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
