#include "core/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/error.h"

namespace lumbargrade {

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) throw Error(ErrorKind::Failure, text("cannot create ", folder.string(), ": ", problem.message()));
}

void check_output_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::path nearest = std::filesystem::absolute(folder);
  while (!std::filesystem::exists(nearest, ignored) && nearest.has_relative_path()) nearest = nearest.parent_path();
  if (!std::filesystem::is_directory(nearest, ignored)) {
    throw Error(ErrorKind::Failure, text("the output ", folder.string(), " cannot be a folder: ", nearest.string(),
                                         " is a file; -o takes a folder"));
  }
  if (access(nearest.c_str(), W_OK | X_OK) == 0) return;
  throw Error(ErrorKind::Failure, text("cannot write into ", nearest.string(), ": ", std::strerror(errno),
                                       "; name another folder with -o"));
}

std::optional<std::string> file_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) return std::nullopt;
  return content;
}

std::optional<std::string> file_text(const std::filesystem::path& file, std::uintmax_t most_bytes) {
  std::error_code unknown;
  const bool is_taken =
      std::filesystem::is_regular_file(file, unknown) && std::filesystem::file_size(file, unknown) <= most_bytes;
  return is_taken ? file_text(file) : std::nullopt;
}

bool flush_to_disk(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool is_done = fsync(descriptor) == 0;
  const int problem = errno;
  close(descriptor);
  errno = problem;
  return is_done;
}

}  // namespace lumbargrade
