#include "batch/study_name.h"

#include <cstdint>

namespace lumbargrade {
namespace {

/// Bytes of the character that begins with `first`; 0 when none can.
size_t announced_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/// Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
bool second_byte_allowed(unsigned char first, unsigned char second) {
  if (first == 0xE0) return second >= 0xA0;
  if (first == 0xED) return second < 0xA0;
  if (first == 0xF0) return second >= 0x90;
  return first != 0xF4 || second < 0x90;
}

/// Length of the valid character at the beginning of `bytes`; 0 when there is none.
size_t valid_length(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t length = announced_length(first);
  if (length == 0 || length > bytes.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(static_cast<unsigned char>(bytes[i]))) return 0;
  }
  return length == 1 || second_byte_allowed(first, static_cast<unsigned char>(bytes[1])) ? length : 0;
}

}  // namespace

std::string utf8_name(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string name;
  while (!bytes.empty()) {
    const size_t length = valid_length(bytes);
    if (length > 0) {
      name += bytes.substr(0, length);
    } else {
      const auto byte = static_cast<unsigned char>(bytes[0]);
      name += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
    bytes.remove_prefix(length > 0 ? length : 1);
  }
  return name;
}

}  // namespace lumbargrade
