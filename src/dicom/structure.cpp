#include "dicom/structure.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctag.h>
#include <zlib.h>

#include <algorithm>
#include <iomanip>
#include <memory>
#include <optional>

#include "core/error.h"
#include "dicom/elements.h"
#include "dicom/transfer_syntax.h"

namespace lumbargrade::dicom {
namespace {

constexpr int kDeepestNesting = 16;
constexpr size_t kMostElements = 1'000'000;          // an enhanced MR of 10,000 frames has about 500,000
constexpr size_t kAlwaysInflated = size_t{1} << 26;  // beyond, only what images deflate to
constexpr size_t kLargestInflation = 200;

constexpr Tag kPixelData = {0x7FE0, 0x0010};

/// Why a walk ended early.
struct Broken {
  std::string why;
  bool is_too_deep = false;  ///< nested deeper than the library may follow, whatever the bytes are taken for
};

[[noreturn]] void break_off(Tag tag, const std::string& why) {
  std::ostringstream out;
  out << "element (" << std::hex << std::setfill('0') << std::setw(4) << tag.group << ',' << std::setw(4) << tag.element
      << std::dec << ") " << why;
  throw Broken{out.str(), false};
}

class Walker {
 public:
  Walker(Bytes bytes, size_t position, ElementEncoding encoding)
      : bytes_(bytes), position_(position), encoding_(encoding) {}

  /// Walks a data set up to the end of its pixel data, or of the bytes, and tells what it found.
  void walk_dataset(Structure& structure) {
    structure.fragments.clear();
    structure.native_pixels = {};
    structure.has_pixels = false;
    while (position_ < bytes_.size() && !structure.has_pixels) {
      structure.header = bytes_.first(position_);
      const ElementHead header = read_head(bytes_.size());
      if (header.tag.group == 0xFFFE) break_off(header.tag, "stands outside a sequence");
      if (header.tag == kPixelData) {
        read_pixel_data(header, structure);
      } else {
        walk_value(header, bytes_.size(), 0);
      }
    }
    if (!structure.has_pixels) structure.header = bytes_;
    structure.elements = elements_;
    structure.encoding = encoding_;
  }

  /// Walks the file meta information and returns its transfer syntax.
  std::string walk_meta() {
    std::string transfer_syntax;
    while (bytes_.size() - position_ >= 2 && bytes_[position_] == 2 && bytes_[position_ + 1] == 0) {
      const ElementHead header = read_head(bytes_.size());
      check_length(header, bytes_.size());
      if (header.tag == kTransferSyntax) transfer_syntax = text_of(bytes_.subspan(position_, header.length));
      position_ += header.length;
    }
    return transfer_syntax;
  }

  size_t position() const { return position_; }

 private:
  /// The head of the next element, within `end`; the position is behind it then.
  ElementHead read_head(size_t end) {
    if (++elements_ > kMostElements) throw Broken{text("more than ", kMostElements, " elements"), false};
    const auto head = element_head(bytes_.first(end), position_, encoding_);
    if (!head) break_off({}, text("is cut off at byte ", position_));
    const bool has_vr = encoding_.explicit_vr && head->tag.group != kItem.group;
    for (const char letter : head->vr) {
      if (has_vr && (letter < 'A' || letter > 'Z'))
        break_off(head->tag, text("has no value representation at byte ", position_));
    }
    position_ += head->size;
    return *head;
  }

  void check_length(const ElementHead& header, size_t end) const {
    if (header.length > end - position_) {
      break_off(header.tag, text("claims ", header.length, " bytes where ", end - position_, " are left"));
    }
  }

  void walk_value(const ElementHead& header, size_t end, int depth) {
    const bool is_open = header.length == kUndefinedLength;
    if (is_open && header.tag == kPixelData) {
      walk_fragments(header, end);  // of an icon
      return;
    }
    if (!is_open) check_length(header, end);
    const size_t value_end = is_open ? end : position_ + header.length;
    if (is_open || is_sequence(header)) {
      // PS3.5 6.2.2: a sequence of unknown VR is written as implicit little endian.
      const ElementEncoding outer = encoding_;
      if (header.is("UN")) encoding_ = {false, false};
      walk_items(header, value_end, depth);
      encoding_ = outer;
      return;
    }
    if (may_hold_items(header)) count_depth(header, value_end, depth);
    position_ = value_end;
  }

  /// A value without known representation that begins like an item: DCMTK takes it for a sequence.
  bool may_hold_items(const ElementHead& header) const {
    const bool is_unknown = !encoding_.explicit_vr || header.is("UN");
    const auto first = element_head(bytes_.subspan(position_, header.length), 0, {false, encoding_.big_endian});
    return is_unknown && first && first->tag == kItem;
  }

  /// Walks such a value for its depth alone: where it does not read as items, it is bytes.
  void count_depth(const ElementHead& header, size_t value_end, int depth) {
    const ElementEncoding outer = encoding_;
    encoding_ = {false, false};
    try {
      walk_items(header, value_end, depth);
    } catch (const Broken& broken) {
      if (broken.is_too_deep) throw;  // else it is not a sequence after all
    }
    encoding_ = outer;
  }

  /// Implicit or unknown VR: the parser will take for a sequence what its dictionary calls one, so the walk does too.
  bool is_sequence(const ElementHead& header) const {
    if (encoding_.explicit_vr && !header.is("UN")) return header.is("SQ");
    return DcmTag(header.tag.group, header.tag.element).getEVR() == EVR_SQ;
  }

  /// Items up to the sequence delimiter, or to `end` where the sequence tells its length.
  void walk_items(const ElementHead& sequence, size_t end, int depth) {
    const bool is_open = sequence.length == kUndefinedLength;
    while (is_open || position_ < end) {
      const ElementHead item = read_head(end);
      if (is_open && item.tag == kSequenceEnd) return;
      walk_item(sequence, item, end, depth);
    }
  }

  void walk_item(const ElementHead& sequence, const ElementHead& item, size_t end, int depth) {
    if (item.tag != kItem) break_off(sequence.tag, text("holds no item at byte ", position_ - 8));
    if (depth >= kDeepestNesting) throw Broken{text("sequences are nested deeper than ", kDeepestNesting), true};
    const bool is_open = item.length == kUndefinedLength;
    if (!is_open) check_length(item, end);
    const size_t item_end = is_open ? end : position_ + item.length;
    while (is_open || position_ < item_end) {
      const ElementHead header = read_head(item_end);
      if (is_open && header.tag == kItemEnd) return;
      if (header.tag.group == 0xFFFE) break_off(header.tag, "stands outside a sequence");
      walk_value(header, item_end, depth + 1);
    }
  }

  void read_pixel_data(const ElementHead& header, Structure& structure) {
    if (encoding_.explicit_vr && !header.is("OB") && !header.is("OW")) {
      break_off(header.tag, "is neither bytes (OB) nor words (OW)");
    }
    structure.has_pixels = true;
    structure.pixels_are_words = !encoding_.explicit_vr || header.is("OW");
    if (header.length == kUndefinedLength) {
      structure.fragments = walk_fragments(header, bytes_.size());
      if (!structure.fragments.empty()) structure.fragments.erase(structure.fragments.begin());  // the offset table
      return;
    }
    check_length(header, bytes_.size());
    structure.native_pixels = bytes_.subspan(position_, header.length);
    position_ += header.length;
  }

  /// Fragments up to the sequence delimiter, all within the item that ends at `end`.
  std::vector<Bytes> walk_fragments(const ElementHead& header, size_t end) {
    std::vector<Bytes> fragments;
    for (;;) {
      const ElementHead fragment = read_head(end);
      if (fragment.tag == kSequenceEnd) return fragments;
      if (fragment.tag != kItem) break_off(header.tag, text("holds no fragment at byte ", position_ - 8));
      check_length(fragment, end);
      fragments.push_back(bytes_.subspan(position_, fragment.length));
      position_ += fragment.length;
    }
  }

  Bytes bytes_;
  size_t position_;
  ElementEncoding encoding_;
  size_t elements_ = 0;
};

/// Fills `structure` and returns nothing, or returns why the bytes do not read in this encoding.
std::optional<Broken> try_encoding(Bytes bytes, ElementEncoding encoding, Structure& structure) {
  try {
    Walker(bytes, 0, encoding).walk_dataset(structure);
    return std::nullopt;
  } catch (const Broken& broken) {
    return broken;
  }
}

ElementEncoding claimed_encoding(const std::string& transfer_syntax_uid) {
  if (transfer_syntax_uid == kImplicitLittleEndian) return {false, false};
  if (transfer_syntax_uid == kExplicitBigEndian) return {true, true};
  return {true, false};
}

std::string describe(ElementEncoding encoding) {
  return text(encoding.explicit_vr ? "explicit" : "implicit", encoding.big_endian ? " big" : " little", " endian");
}

void find_dataset(Bytes bytes, Structure& structure, const std::string& name) {
  const ElementEncoding claimed = claimed_encoding(structure.transfer_syntax_uid);
  auto broken = try_encoding(bytes, claimed, structure);
  if (!broken) return;
  for (const ElementEncoding encoding : {ElementEncoding{true, false}, {false, false}, {true, true}}) {
    if (encoding == claimed) continue;
    if (const auto also_broken = try_encoding(bytes, encoding, structure)) {
      if (also_broken->is_too_deep) broken = also_broken;
      continue;
    }
    if (pixel_coding(structure.transfer_syntax_uid) == PixelCoding::Unsupported)
      return;  // it may be written in any way
    if (structure.transfer_syntax_uid.empty()) return;
    structure.notes.push_back(text("claims ", describe(claimed), " but is written as ", describe(encoding)));
    return;
  }
  throw Error(ErrorKind::Failure, text(name, " is damaged or cut off: ", broken->why));
}

/// Nothing when the stream is damaged, unfinished or larger than `limit`.
std::optional<std::vector<unsigned char>> inflate_all(Bytes bytes, size_t limit) {
  z_stream stream = {};
  int state = inflateInit2(&stream, -MAX_WBITS);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owned(&stream, &inflateEnd);
  std::vector<unsigned char> inflated;
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  while (state == Z_OK && inflated.size() < limit) {
    const size_t filled = inflated.size();
    inflated.resize(std::min(limit, std::max<size_t>(filled * 2, 1 << 20)));
    stream.next_out = inflated.data() + filled;
    stream.avail_out = static_cast<uInt>(inflated.size() - filled);
    state = inflate(&stream, Z_NO_FLUSH);
    inflated.resize(inflated.size() - stream.avail_out);
  }
  return state == Z_STREAM_END ? std::optional(std::move(inflated)) : std::nullopt;
}

}  // namespace

bool looks_like_dicom(Bytes bytes) {
  if (first_element(bytes) > 0) return true;
  if (bytes.size() < 8) return false;
  const bool little = (bytes[0] == 0x02 || bytes[0] == 0x08) && bytes[1] == 0;
  const bool big = bytes[0] == 0 && bytes[1] == 0x08;
  return (little && bytes[3] == 0) || (big && bytes[2] == 0);  // the element's number is small
}

Structure find_structure(Bytes bytes, const std::string& name, size_t largest_inflated) {
  if (!looks_like_dicom(bytes)) throw Error(ErrorKind::Failure, text(name, " is not a DICOM file"));
  Structure structure;
  Walker meta(bytes, first_element(bytes), {true, false});
  try {
    structure.transfer_syntax_uid = meta.walk_meta();
  } catch (const Broken& broken) {
    throw Error(ErrorKind::Failure, text(name, " is damaged or cut off in its file meta information: ", broken.why));
  }
  const Bytes rest = bytes.subspan(meta.position());
  if (rest.empty()) throw Error(ErrorKind::Failure, text(name, " ends after its file meta information"));
  if (structure.transfer_syntax_uid != kDeflated) {
    find_dataset(rest, structure, name);
    return structure;
  }
  const size_t limit =
      std::min({kLargestInflated, largest_inflated, std::max(kAlwaysInflated, rest.size() * kLargestInflation)});
  auto inflated = inflate_all(rest, limit);
  if (!inflated) {
    throw Error(ErrorKind::Failure,
                text(name, " holds a deflated data set that is damaged or inflates beyond ", limit >> 20, " MiB"));
  }
  structure.inflated = std::move(*inflated);
  find_dataset(structure.inflated, structure, name);
  return structure;
}

}  // namespace lumbargrade::dicom
