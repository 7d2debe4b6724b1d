#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lumbargrade {

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256_of_bytes(std::string_view bytes);

/// The same of a file, read in blocks. Error of kind Failure when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace lumbargrade
