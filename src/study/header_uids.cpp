#include "study/header_uids.h"

#include <fstream>
#include <vector>

#include "dicom/elements.h"
#include "dicom/structure.h"

namespace lumbargrade {
namespace {

constexpr size_t kFirstBytes = 4096;
constexpr int kDeepestSequence = 32;

constexpr dicom::Tag kSopInstance = {0x0008, 0x0018};
constexpr dicom::Tag kStudyDate = {0x0008, 0x0020};
constexpr dicom::Tag kPatientId = {0x0010, 0x0020};
constexpr dicom::Tag kStudyInstance = {0x0020, 0x000D};
constexpr dicom::Tag kSeriesInstance = {0x0020, 0x000E};

enum class WalkEnd { Done, OutOfBytes, Malformed };

/// Goes from element to element until the series' UID has been passed.
class HeaderWalk {
 public:
  explicit HeaderWalk(dicom::Bytes bytes) : bytes_(bytes), position_(dicom::first_element(bytes)) {}

  WalkEnd run(HeaderUids& uids) {
    int depth = 0;
    while (const auto element = next()) {
      if (depth == 0 && element->tag > kSeriesInstance) return WalkEnd::Done;
      if (element->tag == dicom::kItem && element->length == dicom::kUndefinedLength) continue;
      if (element->tag == dicom::kItemEnd) continue;
      if (element->tag == dicom::kSequenceEnd) {
        if (--depth < 0) return WalkEnd::Malformed;
        continue;
      }
      if (element->length == dicom::kUndefinedLength) {
        if (++depth > kDeepestSequence) return WalkEnd::Malformed;
        continue;
      }
      if (element->length > bytes_.size() - position_) return WalkEnd::OutOfBytes;
      if (depth == 0) take(element->tag, dicom::text_of(bytes_.subspan(position_, element->length)), uids);
      if (is_deflated_) return WalkEnd::Malformed;
      position_ += element->length;
    }
    return WalkEnd::OutOfBytes;
  }

 private:
  /// The head of the next element, and on behind it. What is written with a value representation is explicit, whatever
  /// the file claims.
  std::optional<dicom::ElementHead> next() {
    if (bytes_.size() - position_ < 8) return std::nullopt;
    // The meta group is little endian always (PS3.10, section 7.1).
    const bool big_endian = data_set_is_big_endian_ && bytes_[position_] != 2;
    const auto head = dicom::element_head(bytes_, position_, {dicom::has_known_vr(bytes_, position_), big_endian});
    if (head) position_ += head->size;
    return head;
  }

  void take(dicom::Tag tag, const std::string& value, HeaderUids& uids) {
    if (tag == kSopInstance) uids.sop_instance_uid = value;
    if (tag == kStudyDate) uids.study_date = value;
    if (tag == kPatientId) uids.patient_id = value;
    if (tag == kStudyInstance) uids.study_instance_uid = value;
    if (tag == kSeriesInstance) uids.series_instance_uid = value;
    if (tag != dicom::kTransferSyntax) return;
    data_set_is_big_endian_ = value == dicom::kExplicitBigEndian;
    is_deflated_ = value == dicom::kDeflated;
  }

  dicom::Bytes bytes_;
  size_t position_;
  bool data_set_is_big_endian_ = false;
  bool is_deflated_ = false;
};

}  // namespace

std::optional<HeaderUids> read_header_uids(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  std::vector<unsigned char> bytes;
  const auto read_up_to = [&](size_t wanted) {
    const size_t filled = bytes.size();
    bytes.resize(wanted);
    stream.read(reinterpret_cast<char*>(bytes.data() + filled), static_cast<std::streamsize>(wanted - filled));
    bytes.resize(filled + static_cast<size_t>(stream.gcount()));
  };
  read_up_to(kFirstBytes);
  HeaderUids uids;
  const bool may_say_more = dicom::looks_like_dicom(bytes) && bytes.size() == kFirstBytes &&
                            HeaderWalk(bytes).run(uids) == WalkEnd::OutOfBytes;
  if (may_say_more) read_up_to(kMostHeaderBytes);
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
