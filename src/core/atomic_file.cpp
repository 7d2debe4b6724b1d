#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace lumbargrade {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  const int code = errno;
  throw Error(ErrorKind::Failure, text(what, " ", path.string(), ": ", std::strerror(code)));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void flush_folder(const std::filesystem::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems do not allow it; the rename itself has been done
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path) {
  std::string name = (folder_of(path) / text(".", path.filename().string(), ".XXXXXX")).string();
  descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot create", path_);
  temporary_ = name;
  // mkostemp gives 0600, and umask() cannot be read without changing it for other threads.
  fchmod(descriptor_, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", path_);
    next += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor_) != 0) fail("cannot write", path_);
  if (close(std::exchange(descriptor_, -1)) != 0) fail("cannot write", path_);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot create", path_);
  temporary_.clear();
  flush_folder(folder_of(path_));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

void refuse_to_overwrite(const std::filesystem::path& path, bool force) {
  if (force || !std::filesystem::exists(path)) return;
  throw Error(ErrorKind::Failure, text(path.string(), " exists; --force overwrites it"));
}

}  // namespace lumbargrade
