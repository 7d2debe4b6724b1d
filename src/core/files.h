#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace lumbargrade {

/// Creates the folder and those above it. Throws Error (Failure), which names it.
void make_folder(const std::filesystem::path& folder);

/// Refuses a folder for results in which nothing could be written: a file stands in its place, or the nearest folder
/// above it that is there may not be written. Creates nothing. Throws Error (Failure), which names it. Commands call it
/// before they begin to work.
void check_output_folder(const std::filesystem::path& folder);

/// The whole content; nothing where the file cannot be read. What may be huge is measured before.
std::optional<std::string> file_text(const std::filesystem::path& file);

/// The same, and nothing for what is no regular file (a pipe may never end) or has more bytes.
std::optional<std::string> file_text(const std::filesystem::path& file, std::uintmax_t most_bytes);

/// Makes the content of a file, or what happened to the names in a folder, survive a power failure. False, with errno,
/// where the system does not do it.
bool flush_to_disk(const std::filesystem::path& path);

}  // namespace lumbargrade
