#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lumbargrade {

/// An exclusive lock of a file among the processes of all machines that share its folder, until it is destroyed or the
/// process dies. Folders are made, the file stays.
class FileLock {
 public:
  /// Waits for it, saying once that `what` is being waited for.
  static FileLock wait_for(const std::filesystem::path& path, const std::string& what);

  /// Nothing where another process holds it.
  static std::optional<FileLock> take(const std::filesystem::path& path);

  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace lumbargrade
