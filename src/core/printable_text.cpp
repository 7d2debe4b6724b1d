#include "core/printable_text.h"

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

/// Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
bool second_byte_allowed(unsigned char first, unsigned char second) {
  if (first == 0xE0) return second >= 0xA0;
  if (first == 0xED) return second < 0xA0;
  if (first == 0xF0) return second >= 0x90;
  return first != 0xF4 || second < 0x90;
}

std::uint32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  std::uint32_t code = first & (0xFFU >> (character.size() + 1));
  for (const char byte : character.substr(1)) code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
  return code;
}

bool steers(std::uint32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  return is_control || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

void append_escaped(std::string& clean, std::string_view bytes, std::string_view mark) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    clean += mark;
    clean += {kHex[byte >> 4], kHex[byte & 15]};
  }
}

std::string with_escapes(std::string_view text, std::string_view mark) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length > 0 ? length : 1);
    if (length > 0 && !steers(code_point(character))) {
      clean += character;
    } else {
      append_escaped(clean, character, mark);
    }
    text.remove_prefix(character.size());
  }
  return clean;
}

}  // namespace

size_t utf8_length(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t length = announced_length(first);
  if (length == 0 || length > bytes.size()) return 0;
  for (const char continuation : bytes.substr(1, length - 1)) {
    if ((static_cast<unsigned char>(continuation) & 0xC0) != 0x80) return 0;
  }
  return length == 1 || second_byte_allowed(first, static_cast<unsigned char>(bytes[1])) ? length : 0;
}

std::string printable(std::string_view text) {
  return with_escapes(text, "\\x");
}

std::string printable_name(std::string_view name) {
  std::string clean;
  if (!name.empty() && std::string_view("=+-@").find(name[0]) != std::string_view::npos) {
    append_escaped(clean, name.substr(0, 1), "%");
    name.remove_prefix(1);
  }
  return clean + with_escapes(name, "%");
}

}  // namespace lumbargrade
