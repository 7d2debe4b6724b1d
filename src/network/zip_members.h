#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace lumbargrade {

/// What a zip file may hold at most.
struct ZipBounds {
  std::uint64_t file_bytes = 0;
  std::size_t members = 0;
};

/// Every file in a zip of stored (not compressed) members, by name, as torch.export.save writes it. The zip is taken as
/// hostile: nothing is written to disk, what is unpacked is counted and may not exceed the zip's own size, so that no
/// small file becomes a large one. Error (BundleInvalid) that says why: not a plain file, too large, too many members,
/// no zip, damaged or cut off, encrypted or compressed, anything but files in it, a name that occurs twice, is
/// absolute, climbs or is not printable.
std::map<std::string, std::string> read_zip_members(const std::filesystem::path& path, const ZipBounds& bounds);

}  // namespace lumbargrade
