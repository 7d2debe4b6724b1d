#include "dicom/rle.h"

#include <algorithm>

namespace lumbargrade::dicom {
namespace {

/// Where segment `i` starts; the header's first word is their number.
size_t offset_of(Bytes fragment, size_t i) {
  const Bytes word = fragment.subspan(4 + 4 * i, 4);
  return static_cast<size_t>(word[0]) | static_cast<size_t>(word[1]) << 8 | static_cast<size_t>(word[2]) << 16 |
         static_cast<size_t>(word[3]) << 24;
}

/// Unpacks one segment's literal and replicate runs: its bytes become the lowest ones of `values`, whose others go up
/// by one. False when the segment ends before all of them have theirs.
bool unpack(Bytes segment, std::vector<uint16_t>& values) {
  constexpr unsigned char kNothing = 128;
  size_t at = 0, filled = 0;
  while (filled < values.size()) {
    if (at >= segment.size()) return false;
    const unsigned char control = segment[at++];
    if (control == kNothing) continue;
    const bool is_literal = control < kNothing;
    const size_t run = is_literal ? control + size_t{1} : size_t{257} - control;
    const size_t wanted = std::min(run, values.size() - filled);
    if ((is_literal ? wanted : 1) > segment.size() - at) return false;
    uint16_t* value = values.data() + filled;
    const unsigned char* byte = segment.data() + at;
    if (is_literal) {
      for (size_t i = 0; i < wanted; ++i) value[i] = static_cast<uint16_t>(value[i] << 8 | byte[i]);
    } else {
      for (size_t i = 0; i < wanted; ++i) value[i] = static_cast<uint16_t>(value[i] << 8 | *byte);
    }
    at += is_literal ? run : 1;
    filled += wanted;
  }
  return true;
}

}  // namespace

std::optional<std::vector<uint16_t>> decode_rle(Bytes fragment, const PixelFormat& format) {
  const size_t count = static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
  const auto planes = static_cast<size_t>(format.bits_allocated / 8);
  std::vector<uint16_t> values(count);
  for (size_t i = 0; i < planes; ++i) {  // the most significant byte comes first
    const size_t start = offset_of(fragment, i);
    const size_t end = i + 1 < planes ? offset_of(fragment, i + 1) : fragment.size();
    if (!unpack(fragment.subspan(start, end - start), values)) return std::nullopt;
  }
  return values;
}

}  // namespace lumbargrade::dicom
