#include "study/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>

#include "core/error.h"
#include "core/printable_text.h"
#include "dicom/structure.h"

namespace lumbargrade {
namespace {

constexpr size_t kLargestTotal = size_t{4} << 30;
constexpr size_t kAlwaysExtracted = size_t{1} << 26;  // beyond, only what images compress to
constexpr size_t kLargestArchiveRatio = 100;
constexpr int kMostEntries = 200'000;
constexpr size_t kChunk = size_t{1} << 18;

using ArchivePointer = std::unique_ptr<archive, decltype(&archive_read_free)>;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(ErrorKind::NoUsableStudy, text("cannot read the archive ", name, ": ", why));
}

std::string problem_of(archive& source) {
  const char* message = archive_error_string(&source);
  return message ? message : "unknown error";
}

/// Only what a PACS hands out: each further format is more code that hostile bytes can reach.
ArchivePointer make_reader() {
  ArchivePointer reader(archive_read_new(), &archive_read_free);
  if (!reader) throw Error(ErrorKind::Failure, "no memory for the archive reader");
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  return reader;
}

class EntryReader {
 public:
  EntryReader(archive& source, std::string name, size_t packed_size, const MemoryBudgetPointer& budget,
              size_t most_bytes)
      : source_(source),
        name_(std::move(name)),
        most_bytes_(most_bytes),
        largest_total_(std::min(kLargestTotal, std::max(kAlwaysExtracted, packed_size * kLargestArchiveRatio))),
        budget_(budget) {}

  std::vector<std::string> read_all(const std::function<void(ArchiveEntry)>& use) {
    archive_entry* entry = nullptr;
    for (;;) {
      const int state = archive_read_next_header(&source_, &entry);
      if (state == ARCHIVE_EOF) return std::move(warnings_);
      if (state < ARCHIVE_WARN) {
        if (entries_ == 0) refuse(name_, problem_of(source_));
        warnings_.push_back(text(name_, " breaks off after ", entries_, " entries: ", problem_of(source_)));
        return std::move(warnings_);
      }
      if (++entries_ > kMostEntries) refuse(name_, text("more than ", kMostEntries, " entries"));
      check_effort(*entry);
      read_entry(*entry, use);
    }
  }

 private:
  /// To pass over an entry of a packed tar means to unpack it.
  void check_effort(archive_entry& entry) const {
    if ((archive_format(&source_) & ARCHIVE_FORMAT_BASE_MASK) != ARCHIVE_FORMAT_TAR) return;
    const la_int64_t passed = archive_filter_bytes(&source_, 0);
    const auto largest = static_cast<la_int64_t>(largest_total_);
    if (passed > largest || archive_entry_size(&entry) > largest - passed) refuse_as_too_large();
  }

  [[noreturn]] void refuse_as_too_large() const {
    refuse(name_, text("unpacks to more than ", largest_total_ >> 20, " MiB"));
  }

  void read_entry(archive_entry& entry, const std::function<void(ArchiveEntry)>& use) {
    if (archive_entry_filetype(&entry) != AE_IFREG) return;
    const char* name = archive_entry_pathname(&entry);
    ArchiveEntry read{printable(name ? name : "unnamed"), std::vector<unsigned char>()};
    if (archive_entry_is_encrypted(&entry)) {
      warn(read, "is encrypted");
    } else if (read_bytes(read)) {
      use(std::move(read));
    }
  }

  /// False when the entry had to be left out.
  bool read_bytes(ArchiveEntry& entry) {
    std::vector<unsigned char>& bytes = entry.bytes.bytes;
    for (;;) {
      const size_t filled = bytes.size();
      bytes.resize(filled + kChunk);
      const la_ssize_t count = archive_read_data(&source_, bytes.data() + filled, kChunk);
      bytes.resize(filled + (count > 0 ? static_cast<size_t>(count) : 0));
      if (count < 0) return warn(entry, text("is damaged: ", problem_of(source_)));
      if (count == 0) return true;
      total_ += static_cast<size_t>(count);
      if (total_ > largest_total_) refuse_as_too_large();
      if (bytes.size() >= most_bytes_ && most_bytes_ < kLargestEntry) return true;
      if (bytes.size() > kLargestEntry) {
        return warn(entry, text("unpacks to more than ", kLargestEntry >> 30, " GiB"));
      }
      // What is no DICOM file need not be unpacked: it is handed on by its first bytes.
      if (bytes.size() >= dicom::kSignatureLength && !dicom::looks_like_dicom(bytes)) return true;
      entry.bytes.memory.reset();
      entry.bytes.memory = take_memory(budget_, bytes.size(), name_ + "/" + entry.name);
    }
  }

  bool warn(const ArchiveEntry& entry, const std::string& why) {
    warnings_.push_back(text(name_, "/", entry.name, " ", why));
    return false;
  }

  archive& source_;
  std::string name_;
  size_t most_bytes_;
  size_t largest_total_;
  const MemoryBudgetPointer& budget_;
  int entries_ = 0;
  size_t total_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace

bool looks_like_archive(std::span<const unsigned char> first_bytes) {
  const auto holds = [&](size_t at, const char* signature) {
    const size_t length = std::strlen(signature);
    return first_bytes.size() >= at + length && std::memcmp(first_bytes.data() + at, signature, length) == 0;
  };
  return holds(0, "PK\x03\x04") || holds(0, "PK\x05\x06") || holds(257, "ustar") || holds(0, "\x1F\x8B");
}

std::vector<unsigned char> beginning_of(const std::filesystem::path& file) {
  std::vector<unsigned char> bytes(kArchiveSignatureLength);
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(stream.gcount()));
  return bytes;
}

std::vector<std::string> for_each_entry(const std::filesystem::path& path, const std::function<void(ArchiveEntry)>& use,
                                        const MemoryBudgetPointer& budget, size_t most_bytes) {
  const ArchivePointer reader = make_reader();
  if (archive_read_open_filename(reader.get(), path.c_str(), kChunk) != ARCHIVE_OK) {
    refuse(path.string(), problem_of(*reader));
  }
  std::error_code ignored;
  return EntryReader(*reader, path.string(), std::filesystem::file_size(path, ignored), budget, most_bytes)
      .read_all(use);
}

}  // namespace lumbargrade
