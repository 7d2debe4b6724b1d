#include <algorithm>
#include <cstring>

#include "dicom/codecs.h"
#include "dicom/elements.h"

namespace lumbargrade::dicom {
namespace {

constexpr size_t kLongestRun = 128;
constexpr size_t kChunk = 16;  // what is moved at once: one instruction, where most runs have a few bytes

/// Unpacks the literal and replicate runs of one segment into the first `count` of `bytes`, which has kLongestRun more:
/// a run may write whole chunks. False when the segment ends before.
bool unpack(Bytes segment, size_t count, std::vector<unsigned char>& bytes) {
  constexpr unsigned char kNothing = 128;
  size_t at = 0, filled = 0;
  while (filled < count) {
    if (at >= segment.size()) return false;
    const unsigned char control = segment[at++];
    if (control == kNothing) continue;
    const bool is_literal = control < kNothing;
    const size_t run = is_literal ? control + size_t{1} : size_t{257} - control;
    const size_t wanted = std::min(run, count - filled);
    const size_t rest = segment.size() - at;
    if ((is_literal ? wanted : 1) > rest) return false;
    const unsigned char* from = segment.data() + at;
    unsigned char* to = bytes.data() + filled;
    if (!is_literal) {
      for (size_t i = 0; i < run; i += kChunk) std::memset(to + i, *from, kChunk);
    } else if (rest < kLongestRun) {
      std::memcpy(to, from, wanted);
    } else {
      for (size_t i = 0; i < run; i += kChunk) std::memcpy(to + i, from + i, kChunk);
    }
    at += is_literal ? run : 1;
    filled += wanted;
  }
  return true;
}

}  // namespace

RawValues decode_rle(const std::vector<Bytes>& fragments, const PixelFormat& format) {
  const Bytes fragment = fragments.front();
  // Where segment `i` starts; the header's first word is their number.
  const auto offset_of = [&](size_t i) -> size_t { return read32(fragment, 4 + 4 * i, false); };
  const size_t count = static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
  const auto planes = static_cast<size_t>(format.bits_allocated / 8);
  std::vector<uint16_t> values(count);
  std::vector<unsigned char> bytes(count + kLongestRun);
  for (size_t plane = 0; plane < planes; ++plane) {  // the most significant byte comes first
    const size_t start = offset_of(plane);
    const size_t end = plane + 1 < planes ? offset_of(plane + 1) : fragment.size();
    if (!unpack(fragment.subspan(start, end - start), count, bytes)) return std::nullopt;
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<uint16_t>(values[i] << 8 | bytes[i]);
  }
  return values;
}

}  // namespace lumbargrade::dicom
