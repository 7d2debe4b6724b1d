#include "bundle/find_bundle.h"

#include <array>
#include <cstdlib>

#include "bundle/manifest.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "LUMBARGRADE_BUNDLE";

fs::path installed_bundle() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  return program.parent_path().parent_path() / "share/lumbargrade/models/default";
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
