#include <dlfcn.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "commit.h"
#include "core/error.h"
#include "pipeline/device_name.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

#ifdef __clang__
constexpr std::string_view kCompiler = "Clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

/// The folders in which this program looks for libraries, in order.
std::vector<fs::path> library_folders() {
  void* program = dlopen(nullptr, RTLD_LAZY);
  Dl_serinfo size{};
  if (program == nullptr || dlinfo(program, RTLD_DI_SERINFOSIZE, &size) != 0) return {};
  std::vector<std::max_align_t> memory(size.dls_size / sizeof(std::max_align_t) + 1);
  auto* found = reinterpret_cast<Dl_serinfo*>(memory.data());
  if (dlinfo(program, RTLD_DI_SERINFOSIZE, found) != 0 || dlinfo(program, RTLD_DI_SERINFO, found) != 0) return {};
  std::vector<fs::path> folders;
  for (unsigned k = 0; k < found->dls_cnt; ++k) folders.emplace_back(found->dls_serpath[k].dls_name);
  return folders;
}

/// Whether LibTorch's GPU part lies where LibTorch does. Looks for files only: this command does not load LibTorch.
bool has_gpu_part() {
  std::error_code ignored;
  for (const fs::path& folder : library_folders()) {
    if (fs::exists(folder / "libtorch_cpu.so", ignored)) return fs::exists(folder / "libtorch_cuda.so", ignored);
  }
  return false;
}

std::string_view device_support() {
  if (!has_gpu_part()) return "CPU";
  return has_gpu_driver() ? "CPU and CUDA" : "CPU and CUDA, no NVIDIA driver here";
}

}  // namespace

std::string version_text() {
  const auto parts = version_parts();
  return text("lumbargrade ", parts.at("version"), "\ncommit ", parts.at("commit"), "\nLibTorch ", parts.at("libtorch"),
              " (", parts.at("devices"), ")\ncompiler ", parts.at("compiler"));
}

std::string program_text() {
  return "lumbargrade " LUMBARGRADE_VERSION;
}

std::map<std::string, std::string> version_parts() {
  return {{"version", LUMBARGRADE_VERSION},
          {"commit", LUMBARGRADE_COMMIT},
          {"libtorch", LUMBARGRADE_LIBTORCH_VERSION},
          {"devices", std::string(device_support())},
          {"compiler", std::string(kCompiler)}};
}

}  // namespace lumbargrade::cli
