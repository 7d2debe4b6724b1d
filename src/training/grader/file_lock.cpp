#include "training/grader/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace lumbargrade {
namespace {

int opened(const std::filesystem::path& path) {
  make_folder(path.parent_path());
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor >= 0) return descriptor;
  throw Error(ErrorKind::Failure, text("cannot create ", path.string(), ": ", std::strerror(errno)));
}

}  // namespace

FileLock FileLock::wait_for(const std::filesystem::path& path, const std::string& what) {
  if (auto lock = take(path)) return std::move(*lock);
  log_info(text("another process is at work on ", what, "; waiting for it"));
  FileLock lock(opened(path));
  while (::flock(lock.descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    throw Error(ErrorKind::Failure, text("cannot lock ", path.string(), ": ", std::strerror(errno)));
  }
  return lock;
}

std::optional<FileLock> FileLock::take(const std::filesystem::path& path) {
  FileLock lock(opened(path));
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw Error(ErrorKind::Failure, text("cannot lock ", path.string(), ": ", std::strerror(errno)));
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace lumbargrade
