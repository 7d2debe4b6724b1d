#include "study/gzip_file.h"

#include <zlib.h>

#include <array>
#include <fstream>
#include <memory>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr size_t kGzipChunk = size_t{1} << 18;
constexpr size_t kDicomStart = 132;
constexpr size_t kAlwaysUnpacked = size_t{1} << 26;  // beyond, only what images compress to
constexpr size_t kLargestGzipRatio = 200;

using GzipPointer = std::unique_ptr<gzFile_s, decltype(&gzclose)>;

bool is_gzipped(const std::filesystem::path& file) {
  std::array<unsigned char, 2> start{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(start.data()), start.size());
  return stream.gcount() == 2 && start[0] == 0x1F && start[1] == 0x8B;
}

[[noreturn]] void refuse_gzip(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::Failure, text(file.string(), " ", why));
}

}  // namespace

std::optional<dicom::CountedBytes> read_gzipped_dicom(const std::filesystem::path& file,
                                                      const MemoryBudgetPointer& budget) {
  if (!is_gzipped(file)) return std::nullopt;
  const GzipPointer stream(gzopen(file.c_str(), "rb"), &gzclose);
  if (!stream) refuse_gzip(file, "cannot be opened");
  const size_t largest = std::max(kAlwaysUnpacked, std::filesystem::file_size(file) * kLargestGzipRatio);
  std::vector<unsigned char> bytes;
  MemoryShare memory;
  for (int count = 1; count > 0;) {
    const size_t filled = bytes.size();
    bytes.resize(filled + kGzipChunk);
    count = gzread(stream.get(), bytes.data() + filled, static_cast<unsigned>(kGzipChunk));
    if (count < 0) refuse_gzip(file, "is a damaged gzip file");
    bytes.resize(filled + static_cast<size_t>(count));
    if (filled == 0 && !dicom::looks_like_dicom({bytes.data(), std::min(bytes.size(), kDicomStart)}))
      return std::nullopt;
    if (bytes.size() > largest) refuse_gzip(file, text("inflates beyond ", largest >> 20, " MiB"));
    memory.reset();
    memory = take_memory(budget, bytes.size(), file.string());
  }
  return dicom::CountedBytes(std::move(bytes), std::move(memory));
}

}  // namespace lumbargrade
