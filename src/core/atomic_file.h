#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "core/error.h"

namespace lumbargrade {

/// A file could not be written; `code` is the system's errno.
class FileError : public Error {
 public:
  FileError(const std::string& message, int code) : Error(ErrorKind::Failure, message), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

/// A file that appears whole or not at all: bytes go to a temporary file in the same folder, `commit` flushes them to
/// the disk and renames it over `path`. Without `commit` the destructor removes the temporary file. The file gets the
/// rights that the process's umask leaves.
/// Every failure (no rights, disk full, `path` is a device, pipe, socket or folder) is a FileError that names the path.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* bytes, std::size_t count);
  /// Without `force`, the command's --force, throws FileError (EEXIST), which names it, where `path` exists by now: of
  /// several writers at once one wins.
  void commit(bool force = true);

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Writes `content` to `path` through an AtomicFile; `force` as of its `commit`.
void write_file_atomically(const std::filesystem::path& path, std::string_view content, bool force = true);

/// Error (Failure) when `path` is there already and `force`, the command's --force, is not given, or when it is a
/// folder, device or pipe. Commands call it before they begin to work.
void refuse_to_overwrite(const std::filesystem::path& path, bool force);

/// Removes from `folder` the temporary files of AtomicFiles whose process was killed. They are known by a name that
/// only this program gives and by a lock that a living writer holds; nothing else is touched.
void remove_half_written_files(const std::filesystem::path& folder);

}  // namespace lumbargrade
