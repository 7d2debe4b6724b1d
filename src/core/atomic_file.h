#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace lumbargrade {

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, `commit` flushes them to
/// the disk and renames it over `path`. Without `commit` the destructor removes the temporary file.
/// Every failure (no rights, disk full) is an Error of kind Failure that names the path.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Writes `content` to `path` through an AtomicFile.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Error (Failure) when `path` is there already and `force`, the command's --force, is not given. Commands call it
/// before they begin to work.
void refuse_to_overwrite(const std::filesystem::path& path, bool force);

}  // namespace lumbargrade
