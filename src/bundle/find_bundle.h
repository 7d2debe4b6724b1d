#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lumbargrade {

/// The folder of the bundle to use, the first of:
/// 1. `chosen`, the value of `--bundle`;
/// 2. the environment variable LUMBARGRADE_BUNDLE;
/// 3. the installed bundle: ../share/lumbargrade/models/default from the folder of the program or of
///    liblumbargrade.so;
/// 4. models/default of the source tree that the program was built from.
/// The first two are returned as they are, so that a wrong one is answered and not passed over. Error of kind
/// BundleInvalid when there is none at all.
std::filesystem::path find_bundle(const std::optional<std::string>& chosen);

/// The same, where none is chosen by an empty text.
std::filesystem::path find_base_bundle(const std::string& chosen);

/// The file of a recipe: `chosen` where that is a file or has a folder, else the shipped recipe of that name ("fast").
/// A name that nothing has is returned as it is, so that reading it is the error.
std::filesystem::path find_recipe(const std::string& chosen);

}  // namespace lumbargrade
