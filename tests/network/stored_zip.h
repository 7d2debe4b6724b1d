#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "study/made_archive.h"

namespace lumbargrade {

/// Writes members as a stored zip; `compressed` as a packed one.
inline void write_zip(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, std::string>>& members, bool compressed = false) {
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  if (compressed)
    archive_write_zip_set_compression_deflate(writer);
  else
    archive_write_zip_set_compression_store(writer);
  archive_write_open_filename(writer, path.c_str());
  write_members(writer, members);
  archive_write_close(writer);
  archive_write_free(writer);
}

}  // namespace lumbargrade
