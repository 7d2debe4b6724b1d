#include "training/grader/crop_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

namespace lumbargrade {

namespace fs = std::filesystem;

size_t record_bytes(const View& view, const CropMargin& margin) {
  const CropExtent extent = extent_of(view, margin);
  return extent.pixels() + extent.slices;
}

CropFile::CropFile(const fs::path& path, const View& view, const CropMargin& margin) : view_(view), margin_(margin) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  struct stat status {};
  if (::fstat(descriptor, &status) == 0) bytes_ = static_cast<size_t>(status.st_size);
  // Not at::from_file: it maps writable, and of such a private mapping Linux refuses more than there is memory.
  void* mapped = bytes_ > 0 ? ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (mapped == MAP_FAILED) throw Error(ErrorKind::Failure, text("cannot map ", path.string(), " into memory"));
  data_ = {static_cast<const std::uint8_t*>(mapped), [bytes = bytes_](const std::uint8_t* data) {
             if (data != nullptr) ::munmap(const_cast<std::uint8_t*>(data), bytes);
           }};
}

const std::uint8_t* CropFile::slice(size_t sample, int slice) const {
  const auto size = static_cast<size_t>(size_px());
  return data_.get() + sample * record_bytes(view_, margin_) + static_cast<size_t>(slice) * size * size;
}

bool CropFile::is_valid(size_t sample, int slice) const {
  const std::uint8_t* valid = this->slice(sample, slices());  // behind the last slice
  return valid[slice] != 0;
}

std::string CropFile::inner_record(size_t sample, const CropMargin& margin) const {
  const auto [slices, size] = extent_of(view_, margin);
  const int first_slice = margin_.slices - margin.slices, first = margin_.pixels - margin.pixels;
  std::string pixels, valid;
  for (int k = first_slice; k < first_slice + static_cast<int>(slices); ++k) {
    const char* row = reinterpret_cast<const char*>(slice(sample, k)) + first * size_px() + first;
    for (size_t r = 0; r < size; ++r, row += size_px()) pixels.append(row, size);
    valid += is_valid(sample, k) ? '\1' : '\0';
  }
  return pixels + valid;
}

}  // namespace lumbargrade
