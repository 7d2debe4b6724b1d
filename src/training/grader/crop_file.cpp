#include "training/grader/crop_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "core/error.h"

namespace lumbargrade {

namespace fs = std::filesystem;

MappedFile::MappedFile(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  size_ = known ? static_cast<size_t>(status.st_size) : 0;
  void* mapped = size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (mapped == MAP_FAILED) throw Error(ErrorKind::Failure, text("cannot map ", path.string(), " into memory"));
  data_ = static_cast<const std::uint8_t*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

CropFile::CropFile(const fs::path& path, const View& view, const CropMargin& margin)
    : view_(view), margin_(margin), file_(path) {}

size_t CropFile::record_bytes() const {
  const auto size = static_cast<size_t>(size_px());
  return static_cast<size_t>(slices()) * (size * size + 1);
}

const std::uint8_t* CropFile::slice(size_t sample, int slice) const {
  const auto size = static_cast<size_t>(size_px());
  return file_.data() + sample * record_bytes() + static_cast<size_t>(slice) * size * size;
}

bool CropFile::is_valid(size_t sample, int slice) const {
  const auto size = static_cast<size_t>(size_px());
  return file_.data()[sample * record_bytes() + static_cast<size_t>(slices()) * size * size +
                      static_cast<size_t>(slice)] != 0;
}

}  // namespace lumbargrade
