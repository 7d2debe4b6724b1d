#include "network/zip_members.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr size_t kZipChunk = size_t{1} << 20;
constexpr size_t kMaxNameBytes = 512;

[[noreturn]] void refuse_zip(const fs::path& path, const std::string& why) {
  throw Error(ErrorKind::BundleInvalid, text(path.string(), " is not a valid package of torch.export: ", why));
}

std::uint64_t checked_size(const fs::path& path, const ZipBounds& bounds) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) refuse_zip(path, "it is not a file");
  const std::uint64_t size = fs::file_size(path, failure);
  if (failure) refuse_zip(path, "it cannot be read");
  if (size > bounds.file_bytes) refuse_zip(path, text("it has ", size, " bytes, more than ", bounds.file_bytes));
  return size;
}

class ZipReader {
 public:
  ZipReader(const fs::path& path, const ZipBounds& bounds)
      : path_(path),
        bounds_(bounds),
        file_bytes_(checked_size(path, bounds)),
        reader_(archive_read_new(), &archive_read_free) {
    if (!reader_) throw Error(ErrorKind::Failure, "no memory for the archive reader");
    archive_read_support_format_zip_seekable(reader_.get());
    if (archive_read_open_filename(reader_.get(), path.c_str(), kZipChunk) != ARCHIVE_OK) refuse(problem());
  }

  std::map<std::string, std::string> read_all() {
    std::map<std::string, std::string> members;
    archive_entry* entry = nullptr;
    for (;;) {
      const int state = archive_read_next_header(reader_.get(), &entry);
      if (state == ARCHIVE_EOF) break;
      if (state != ARCHIVE_OK) refuse(problem());
      if (members.size() >= bounds_.members) refuse(text("it has more than ", bounds_.members, " members"));
      const std::string name = checked_name(*entry);
      if (members.contains(name)) refuse(text("it has the member ", name, " twice"));
      members.emplace(name, bytes_of(name));
    }
    if (members.empty()) refuse("it is empty");
    return members;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { refuse_zip(path_, why); }

  std::string problem() const {
    const char* message = archive_error_string(reader_.get());
    return message == nullptr ? "it is no zip" : printable(message);
  }

  std::string checked_name(archive_entry& entry) const {
    const char* given = archive_entry_pathname(&entry);
    std::string name = given == nullptr ? "" : given;
    const bool is_printable = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 32 && c < 127; });
    if (name.empty() || name.size() > kMaxNameBytes || !is_printable) refuse("it has a member without a plain name");
    const fs::path path(name);
    const bool climbs = std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
    if (path.is_absolute() || climbs || name.find('\\') != std::string::npos) {
      refuse(text("its member ", name, " leads out of the package"));
    }
    if (archive_entry_filetype(&entry) != AE_IFREG) refuse(text("its member ", name, " is not a file"));
    if (archive_entry_is_encrypted(&entry) != 0) refuse(text("its member ", name, " is encrypted"));
    return name;
  }

  std::string bytes_of(const std::string& name) {
    std::string bytes;
    for (;;) {
      const size_t filled = bytes.size();
      bytes.resize(filled + kZipChunk);
      const la_ssize_t count = archive_read_data(reader_.get(), bytes.data() + filled, kZipChunk);
      bytes.resize(filled + (count > 0 ? static_cast<size_t>(count) : 0));
      if (count < 0) refuse(text("its member ", name, " is damaged: ", problem()));
      if (count == 0) return bytes;
      unpacked_ += static_cast<std::uint64_t>(count);
      if (unpacked_ > file_bytes_) {
        refuse("it unpacks to more than its own size; torch.export.save stores and does not compress");
      }
    }
  }

  const fs::path& path_;
  const ZipBounds& bounds_;
  std::uint64_t file_bytes_;
  std::unique_ptr<archive, decltype(&archive_read_free)> reader_;
  std::uint64_t unpacked_ = 0;
};

}  // namespace

std::map<std::string, std::string> read_zip_members(const fs::path& path, const ZipBounds& bounds) {
  return ZipReader(path, bounds).read_all();
}

}  // namespace lumbargrade
