#include "report/printable_ascii.h"

namespace lumbargrade {

std::string printable_ascii(std::string_view words) {
  std::string plain;
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) continue;  // the rest of a character that has its '?' already
    plain += byte >= 0x20 && byte < 0x7F ? c : '?';
  }
  return plain;
}

}  // namespace lumbargrade
