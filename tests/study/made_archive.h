#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lumbargrade {

/// Names and contents of the files of an archive.
using Entries = std::vector<std::pair<std::string, std::vector<unsigned char>>>;

/// Writes names and contents into an archive that is open.
template <typename Members>
void write_members(archive* writer, const Members& members) {
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
}

/// Writes a .zip, or else a tar.
inline void write_archive(const std::filesystem::path& path, const Entries& entries) {
  archive* writer = archive_write_new();
  path.extension() == ".zip" ? archive_write_set_format_zip(writer) : archive_write_set_format_ustar(writer);
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  write_members(writer, entries);
  archive_write_free(writer);
}

}  // namespace lumbargrade
