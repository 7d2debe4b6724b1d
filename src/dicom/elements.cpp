#include "dicom/elements.h"

#include <algorithm>
#include <cstring>

namespace lumbargrade::dicom {
namespace {

constexpr size_t kPreambleLength = 128;

// All others have two reserved bytes and a four-byte length (PS3.5 7.1.2), those yet to come included.
constexpr std::array<std::string_view, 21> kShortValues = {"AE", "AS", "AT", "CS", "DA", "DS", "DT",
                                                           "FL", "FD", "IS", "LO", "LT", "PN", "SH",
                                                           "SL", "SS", "ST", "TM", "UI", "UL", "US"};
constexpr std::array<std::string_view, 13> kLongValues = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                          "SV", "UC", "UN", "UR", "UT", "UV"};

template <typename Names>
bool holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view letters(Bytes bytes, size_t at) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, 2};
}

}  // namespace

std::uint16_t read16(Bytes bytes, size_t at, bool big_endian) {
  const std::uint16_t first = bytes[at], second = bytes[at + 1];
  return static_cast<std::uint16_t>(big_endian ? first << 8 | second : second << 8 | first);
}

std::uint32_t read32(Bytes bytes, size_t at, bool big_endian) {
  const std::uint32_t first = read16(bytes, at, big_endian), second = read16(bytes, at + 2, big_endian);
  return big_endian ? first << 16 | second : second << 16 | first;
}

std::optional<ElementHead> element_head(Bytes bytes, size_t position, ElementEncoding encoding) {
  const size_t left = bytes.size() - std::min(position, bytes.size());
  if (left < 8) return std::nullopt;
  ElementHead head;
  head.tag = {read16(bytes, position, encoding.big_endian), read16(bytes, position + 2, encoding.big_endian)};
  if (!encoding.explicit_vr || head.tag.group == kItem.group) {
    head.length = read32(bytes, position + 4, encoding.big_endian);
    return head;
  }
  const std::string_view vr = letters(bytes, position + 4);
  head.vr = {vr[0], vr[1]};
  if (holds(kShortValues, vr)) {
    head.length = read16(bytes, position + 6, encoding.big_endian);
    return head;
  }
  if (left < 12) return std::nullopt;
  head.length = read32(bytes, position + 8, encoding.big_endian);
  head.size = 12;
  return head;
}

bool has_known_vr(Bytes bytes, size_t position) {
  const std::string_view vr = letters(bytes, position + 4);
  return holds(kShortValues, vr) || holds(kLongValues, vr);
}

size_t first_element(Bytes bytes) {
  const bool has_preamble =
      bytes.size() >= kPreambleLength + 4 && std::memcmp(bytes.data() + kPreambleLength, "DICM", 4) == 0;
  return has_preamble ? kPreambleLength + 4 : 0;
}

std::string text_of(Bytes value) {
  std::string result(reinterpret_cast<const char*>(value.data()), value.size());
  result.resize(result.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return result;
}

}  // namespace lumbargrade::dicom
