#include "bundle/find_bundle.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "bundle/manifest.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "LUMBARGRADE_BUNDLE";

/// The file that this code is in: liblumbargrade.so in other people's programs, else our own.
fs::path this_binary() {
  static const char kHere = 0;
  Dl_info found{};
  if (dladdr(&kHere, &found) != 0 && std::string_view(found.dli_fname).find(".so") != std::string_view::npos) {
    return found.dli_fname;
  }
  // For a program dladdr() may know no more than argv[0].
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored);
}

fs::path installed_bundle() {
  return this_binary().parent_path().parent_path() / "share/lumbargrade/models/default";
}

}  // namespace

fs::path find_bundle(const std::optional<std::string>& chosen) {
  if (chosen) return *chosen;
  if (const char* variable = std::getenv(kVariable); variable && *variable) return variable;
  const std::array places = {installed_bundle(), fs::path(LUMBARGRADE_SOURCE_MODELS) / "default"};
  for (const fs::path& place : places) {
    std::error_code ignored;
    if (fs::exists(place / kManifestFile, ignored)) return place;
  }
  throw Error(ErrorKind::BundleInvalid, text("no model bundle in ", places[0].string(), " nor ", places[1].string(),
                                             "; name one with --bundle DIR or ", kVariable));
}

}  // namespace lumbargrade
