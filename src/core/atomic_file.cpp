#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "core/files.h"

namespace lumbargrade {
namespace {

constexpr std::string_view kTemporaryPrefix = ".lumbargrade-partial-";
constexpr std::size_t kRandomDigits = 12;

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path, int code = errno) {
  throw FileError(text(what, " ", path.string(), ": ", std::strerror(code)), code);
}

[[noreturn]] void fail_as_existing(const std::filesystem::path& path) {
  throw FileError(text(path.string(), " exists; --force overwrites it"), EEXIST);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// A device or pipe named as output (/dev/sda, /dev/null) must not be replaced by a file, nor written into.
void refuse_special_file(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return;
  const bool is_folder = S_ISDIR(status.st_mode);
  throw FileError(text("cannot write ", path.string(), ": it is ", is_folder ? "a folder" : "no regular file",
                       "; give the name of a file"),
                  is_folder ? EISDIR : EINVAL);
}

std::string random_name() {
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device source;
  std::string name(kTemporaryPrefix);
  for (std::size_t i = 0; i < kRandomDigits; ++i) name += kDigits[source() % kDigits.size()];
  return name;
}

bool is_temporary_name(const std::string& name) {
  return name.starts_with(kTemporaryPrefix) && name.size() == kTemporaryPrefix.size() + kRandomDigits;
}

/// Renames unless `to` exists. File systems without that operation have hard links, which refuse likewise.
bool rename_new(const char* from, const char* to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (link(from, to) != 0) return false;
  unlink(from);
  return true;
}

/// No process writes it any more: a writer holds a lock on its temporary file, which the kernel lets go with it.
bool is_abandoned(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct stat status {};
  const bool is_free =
      fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  close(descriptor);
  return is_free;
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path) {
  refuse_special_file(path);
  do {
    temporary_ = folder_of(path) / random_name();
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);  // less the umask
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    temporary_.clear();
    fail("cannot create", path_);
  }
  flock(descriptor_, LOCK_EX | LOCK_NB);  // a sweep that came first only makes the commit fail
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

void AtomicFile::commit(bool force) {
  if (fsync(descriptor_) != 0) fail("cannot write", path_);
  const char* const temporary = temporary_.c_str();
  if (force ? rename(temporary, path_.c_str()) != 0 : !rename_new(temporary, path_.c_str())) {
    if (!force && errno == EEXIST) fail_as_existing(path_);
    fail("cannot create", path_);
  }
  temporary_.clear();
  if (close(std::exchange(descriptor_, -1)) != 0) fail("cannot write", path_);  // the lock was held until here
  flush_to_disk(folder_of(path_));  // some file systems do not allow it; the rename itself has been done
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content, bool force) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit(force);
}

void refuse_to_overwrite(const std::filesystem::path& path, bool force) {
  refuse_special_file(path);
  if (!force && std::filesystem::exists(path)) fail_as_existing(path);
}

void remove_half_written_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (is_temporary_name(entry.path().filename().string()) && is_abandoned(entry.path())) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

}  // namespace lumbargrade
