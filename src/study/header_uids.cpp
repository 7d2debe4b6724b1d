#include "study/header_uids.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "dicom/structure.h"

namespace lumbargrade {
namespace {

using HeaderBytes = std::span<const unsigned char>;

constexpr size_t kFirstBytes = 4096;
constexpr size_t kPreamble = 132;
constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;
constexpr int kDeepestSequence = 32;

constexpr std::uint32_t kTransferSyntax = 0x00020010;
constexpr std::uint32_t kSopInstance = 0x00080018;
constexpr std::uint32_t kStudyDate = 0x00080020;
constexpr std::uint32_t kPatientId = 0x00100020;
constexpr std::uint32_t kStudyInstance = 0x0020000D;
constexpr std::uint32_t kSeriesInstance = 0x0020000E;
constexpr std::uint32_t kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD;

// PS3.5, table 7.1-1: these have a length of four bytes after two reserved ones.
constexpr std::array<std::string_view, 13> kLongValues = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                          "SV", "UC", "UN", "UR", "UT", "UV"};
constexpr std::array<std::string_view, 21> kShortValues = {"AE", "AS", "AT", "CS", "DA", "DS", "DT",
                                                           "FL", "FD", "IS", "LO", "LT", "PN", "SH",
                                                           "SL", "SS", "ST", "TM", "UI", "UL", "US"};

template <typename Words>
bool is_one_of(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string value_text(HeaderBytes value) {
  std::string uid(reinterpret_cast<const char*>(value.data()), value.size());
  const size_t end = uid.find_last_not_of(std::string_view(" \0", 2));
  return uid.substr(0, end == std::string::npos ? 0 : end + 1);
}

struct HeaderElement {
  std::uint32_t tag = 0;
  std::uint32_t length = 0;
  HeaderBytes value;  ///< as far as the bytes go
};

enum class WalkEnd { Done, OutOfBytes, Malformed };

/// Goes from element to element until the series' UID has been passed.
class HeaderWalk {
 public:
  explicit HeaderWalk(HeaderBytes bytes) : bytes_(bytes) {
    if (bytes_.size() >= kPreamble && std::memcmp(bytes_.data() + 128, "DICM", 4) == 0) position_ = kPreamble;
  }

  WalkEnd run(HeaderUids& uids) {
    int depth = 0;
    while (position_ + 8 <= bytes_.size()) {
      const auto element = next();
      if (!element) return WalkEnd::OutOfBytes;
      if (depth == 0 && element->tag > kSeriesInstance) return WalkEnd::Done;
      if (element->tag == kItem && element->length == kUndefinedLength) continue;
      if (element->tag == kItemEnd) continue;
      if (element->tag == kSequenceEnd) {
        if (--depth < 0) return WalkEnd::Malformed;
        continue;
      }
      if (element->length == kUndefinedLength) {
        if (++depth > kDeepestSequence) return WalkEnd::Malformed;
        continue;
      }
      if (element->value.size() < element->length) return WalkEnd::OutOfBytes;
      if (depth == 0) take(*element, uids);
      if (is_deflated_) return WalkEnd::Malformed;
    }
    return WalkEnd::OutOfBytes;
  }

 private:
  std::uint32_t number(size_t at, int bytes) const {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const int place = is_big_endian_ ? bytes - 1 - i : i;
      value |= static_cast<std::uint32_t>(bytes_[at + static_cast<size_t>(i)]) << (8 * place);
    }
    return value;
  }

  /// Nothing when the bytes end within the element's head.
  std::optional<HeaderElement> next() {
    // The meta group is little endian always (PS3.10, section 7.1).
    is_big_endian_ = data_set_is_big_endian_ && bytes_[position_] != 2;
    HeaderElement element;
    element.tag = number(position_, 2) << 16 | number(position_ + 2, 2);
    const std::string_view vr(reinterpret_cast<const char*>(bytes_.data() + position_ + 4), 2);
    size_t head = 8;
    if (element.tag >> 16 != 0xFFFE && is_one_of(kLongValues, vr)) {
      head = 12;
      if (position_ + head > bytes_.size()) return std::nullopt;
      element.length = number(position_ + 8, 4);
    } else if (element.tag >> 16 != 0xFFFE && is_one_of(kShortValues, vr)) {
      element.length = number(position_ + 6, 2);
    } else {
      element.length = number(position_ + 4, 4);
    }
    position_ += head;
    if (element.length == kUndefinedLength) return element;
    const size_t there = std::min<size_t>(element.length, bytes_.size() - position_);
    element.value = bytes_.subspan(position_, there);
    position_ += there;
    return element;
  }

  void take(const HeaderElement& element, HeaderUids& uids) {
    if (element.tag == kSopInstance) uids.sop_instance_uid = value_text(element.value);
    if (element.tag == kStudyDate) uids.study_date = value_text(element.value);
    if (element.tag == kPatientId) uids.patient_id = value_text(element.value);
    if (element.tag == kStudyInstance) uids.study_instance_uid = value_text(element.value);
    if (element.tag == kSeriesInstance) uids.series_instance_uid = value_text(element.value);
    if (element.tag != kTransferSyntax) return;
    const std::string syntax = value_text(element.value);
    data_set_is_big_endian_ = syntax == "1.2.840.10008.1.2.2";
    is_deflated_ = syntax == "1.2.840.10008.1.2.1.99";
  }

  HeaderBytes bytes_;
  size_t position_ = 0;
  bool is_big_endian_ = false;
  bool data_set_is_big_endian_ = false;
  bool is_deflated_ = false;
};

class HeaderFile {
 public:
  explicit HeaderFile(const std::filesystem::path& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    struct stat status {};
    is_open_ = descriptor_ >= 0 && fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  }
  ~HeaderFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  HeaderFile(const HeaderFile&) = delete;
  HeaderFile& operator=(const HeaderFile&) = delete;

  bool is_open() const { return is_open_; }

  /// Reads on until `bytes` holds `wanted`, or the file ends.
  void fill(std::vector<unsigned char>& bytes, size_t wanted) const {
    size_t filled = bytes.size();
    bytes.resize(wanted);
    while (filled < wanted) {
      const ssize_t count = ::read(descriptor_, bytes.data() + filled, wanted - filled);
      if (count <= 0) break;
      filled += static_cast<size_t>(count);
    }
    bytes.resize(filled);
  }

 private:
  int descriptor_;
  bool is_open_ = false;
};

}  // namespace

std::optional<HeaderUids> read_header_uids(const std::filesystem::path& path) {
  const HeaderFile file(path);
  if (!file.is_open()) return std::nullopt;
  std::vector<unsigned char> bytes;
  file.fill(bytes, kFirstBytes);
  HeaderUids uids;
  const bool may_say_more = dicom::looks_like_dicom(bytes) && bytes.size() == kFirstBytes &&
                            HeaderWalk(bytes).run(uids) == WalkEnd::OutOfBytes;
  if (may_say_more) file.fill(bytes, kMostHeaderBytes);
  return header_uids_of(bytes);
}

std::optional<HeaderUids> header_uids_of(std::span<const unsigned char> bytes) {
  if (!dicom::looks_like_dicom(bytes)) return std::nullopt;
  HeaderUids uids;
  const WalkEnd end = HeaderWalk(bytes).run(uids);
  const bool is_cut_off = end == WalkEnd::OutOfBytes && bytes.size() < kMostHeaderBytes;
  return end == WalkEnd::Done || is_cut_off ? uids : HeaderUids{};
}

}  // namespace lumbargrade
