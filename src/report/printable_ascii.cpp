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

std::string name_in_pictures(const std::string& study_id, const std::string& study_instance_uid) {
  const bool can_be_shown = printable_ascii(study_id) == study_id;
  return can_be_shown || study_instance_uid.empty() ? study_id : study_instance_uid;
}

}  // namespace lumbargrade
