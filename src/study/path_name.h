#pragma once

#include <filesystem>
#include <string>

namespace lumbargrade {

/// The name by which a study is known that lies at `path`: of the folder, or of the archive or file without its
/// extension (both of .tar.gz). A link counts by its own name, "." and ".." by the folder that they mean. What could
/// not stand in a table is written as %XX (printable_name).
std::string name_from_path(const std::filesystem::path& path);

/// ASCII letters small.
std::string lower_case(std::string name);

}  // namespace lumbargrade
