#pragma once

#include <filesystem>

namespace lumbargrade {

/// `name` in ../share/lumbargrade, seen from the folder of the program or, in other people's programs, of
/// liblumbargrade.so: where an installation or an unpacked release has it, wherever that was moved. Whether it is there
/// is not asked.
std::filesystem::path installed_file(const std::filesystem::path& name);

}  // namespace lumbargrade
