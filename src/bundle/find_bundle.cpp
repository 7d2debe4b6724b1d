#include "bundle/find_bundle.h"

#include <array>
#include <cstdlib>

#include "bundle/manifest.h"
#include "core/error.h"
#include "core/installed_files.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "LUMBARGRADE_BUNDLE";

/// Where a file of models/ may be: in the installation, in the source tree that the program was built from.
std::array<fs::path, 2> places_of(const fs::path& name) {
  return {installed_file("models" / name), LUMBARGRADE_SOURCE_MODELS / name};
}

}  // namespace

fs::path find_bundle(const std::optional<std::string>& chosen) {
  if (chosen) return *chosen;
  if (const char* variable = std::getenv(kVariable); variable && *variable) return variable;
  const std::array places = places_of("default");
  for (const fs::path& place : places) {
    std::error_code ignored;
    if (fs::exists(place / kManifestFile, ignored)) return place;
  }
  throw Error(ErrorKind::BundleInvalid, text("no model bundle in ", places[0].string(), " nor ", places[1].string(),
                                             "; name one with --bundle DIR or ", kVariable));
}

fs::path find_base_bundle(const std::string& chosen) {
  return find_bundle(chosen.empty() ? std::nullopt : std::optional(chosen));
}

fs::path find_recipe(const std::string& chosen) {
  std::error_code ignored;
  if (fs::exists(chosen, ignored) || fs::path(chosen).has_parent_path()) return chosen;
  for (const fs::path& place : places_of("recipes/" + chosen + ".json")) {
    if (fs::exists(place, ignored)) return place;
  }
  return chosen;
}

}  // namespace lumbargrade
