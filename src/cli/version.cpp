#include <link.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/commands.h"
#include "commit.h"
#include "core/error.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

#ifdef __clang__
constexpr std::string_view kCompiler = "Clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

int keep_libtorch_folder(dl_phdr_info* library, size_t, void* folder) {
  const fs::path path = library->dlpi_name;
  if (!path.filename().string().starts_with("libtorch_cpu.so")) return 0;
  *static_cast<fs::path*>(folder) = path.parent_path();
  return 1;
}

/// The folder from which this process loaded LibTorch, empty when it was not loaded.
fs::path libtorch_folder() {
  fs::path folder;
  dl_iterate_phdr(keep_libtorch_folder, &folder);
  return folder;
}

/// Looks for files only: loading LibTorch's GPU part to ask it would take half a second.
std::string_view device_support() {
  std::error_code ignored;
  if (!fs::exists(libtorch_folder() / "libtorch_cuda.so", ignored)) return "CPU";
  return fs::exists("/proc/driver/nvidia/version", ignored) ? "CPU and CUDA" : "CPU and CUDA, no NVIDIA driver here";
}

}  // namespace

std::string version_text() {
  const auto parts = version_parts();
  return text("lumbargrade ", parts.at("version"), "\ncommit ", parts.at("commit"), "\nLibTorch ", parts.at("libtorch"),
              " (", parts.at("devices"), ")\ncompiler ", parts.at("compiler"));
}

std::map<std::string, std::string> version_parts() {
  return {{"version", LUMBARGRADE_VERSION},
          {"commit", LUMBARGRADE_COMMIT},
          {"libtorch", LUMBARGRADE_LIBTORCH_VERSION},
          {"devices", std::string(device_support())},
          {"compiler", std::string(kCompiler)}};
}

}  // namespace lumbargrade::cli
