#include "core/installed_files.h"

#include <dlfcn.h>

#include <string_view>

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// The file that this code serves: liblumbargrade.so in other people's programs, else our own program (of which
/// liblumbargrade_networks.so and liblumbargrade_training.so are parts).
fs::path this_binary() {
  static const char kHere = 0;
  Dl_info found{};
  if (dladdr(&kHere, &found) != 0 &&
      std::string_view(found.dli_fname).find("liblumbargrade.so") != std::string_view::npos) {
    return found.dli_fname;
  }
  // For a program dladdr() may know no more than argv[0].
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

}  // namespace

fs::path installed_file(const fs::path& name) {
  return this_binary().parent_path().parent_path() / "share/lumbargrade" / name;
}

}  // namespace lumbargrade
