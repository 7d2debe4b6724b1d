#include "dicom/values.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "core/number_text.h"
#include "core/words.h"
#include "dicom/character_sets.h"

namespace lumbargrade::dicom {
namespace {

/// The text of a value whose representation is not the standard's: some other text, or unknown (UN), as archives write
/// what they do not know.
std::string text_of_odd_value(DcmElement& element) {
  Uint8* bytes = nullptr;
  if (element.getVR() == EVR_UN && element.getUint8Array(bytes).good() && bytes) {
    return {reinterpret_cast<const char*>(bytes), element.getLength()};
  }
  OFString value;
  return element.isaString() && element.getOFStringArray(value).good() ? std::string(value.c_str()) : std::string();
}

/// "1,105" as some consoles write 1.105: one comma between digits, and nothing else that could be a decimal point.
std::string with_decimal_point(std::string value) {
  const size_t comma = value.find(',');
  const bool is_decimal = comma != std::string::npos && comma > 0 && comma + 1 < value.size() &&
                          value.find(',', comma + 1) == std::string::npos && value.find('.') == std::string::npos &&
                          std::isdigit(static_cast<unsigned char>(value[comma - 1])) &&
                          std::isdigit(static_cast<unsigned char>(value[comma + 1]));
  if (is_decimal) value[comma] = '.';
  return value;
}

/// The number at `position` of "1.5\2\3"; nothing when it is none.
std::optional<double> number_in(const std::string& values, unsigned long position) {
  size_t start = 0;
  for (; position > 0 && start != std::string::npos; --position) {
    start = values.find('\\', start);
    if (start != std::string::npos) ++start;
  }
  if (start == std::string::npos) return std::nullopt;
  const std::string blank(" \t\r\n\0", 5);
  std::string value(without_blanks(std::string_view(values).substr(start, values.find('\\', start) - start), blank));
  if (value.starts_with('+')) {  // which from_chars does not know
    value.erase(0, 1);
    if (value.starts_with('-')) return std::nullopt;
  }
  const auto number = number_from<double>(with_decimal_point(value));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

/// The first number where it is an integer: never cut at its decimal point.
std::optional<int> whole_in(const std::string& values) {
  const auto number = number_in(values, 0);
  const bool is_integer =
      number && std::abs(*number) <= std::numeric_limits<int>::max() && std::floor(*number) == *number;
  return is_integer ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

}  // namespace

std::string letters_and_digits(const std::string& term) {
  std::string letters;
  for (const char c : term) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte)) letters += static_cast<char>(std::toupper(byte));
  }
  return letters;
}

std::string string_value(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return {};
  std::string trimmed = value.c_str();
  trimmed.resize(trimmed.find_last_not_of(' ') + 1);
  return valid_utf8(trimmed);
}

DcmElement* element_of(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* element = nullptr;
  return item.findAndGetElement(tag, element).good() ? element : nullptr;
}

std::optional<double> number_value(DcmItem& item, const DcmTagKey& tag, unsigned long position) {
  DcmElement* element = element_of(item, tag);
  if (!element) return std::nullopt;
  if (element->isaString()) return number_in(text_of_odd_value(*element), position);
  Float64 value = 0;
  if (element->getFloat64(value, position).good() && std::isfinite(value)) return value;
  Float32 single = 0;
  if (element->getFloat32(single, position).good() && std::isfinite(single)) return single;
  return number_in(text_of_odd_value(*element), position);
}

int integer_value(DcmItem& item, const DcmTagKey& tag, int otherwise) {
  DcmElement* element = element_of(item, tag);
  if (!element) return otherwise;
  if (element->isaString()) return whole_in(text_of_odd_value(*element)).value_or(otherwise);
  Uint16 short_value = 0;
  if (element->getUint16(short_value).good()) return short_value;
  Sint32 value = 0;
  if (element->getSint32(value).good()) return value;
  Sint16 signed_short_value = 0;
  if (element->getSint16(signed_short_value).good()) return signed_short_value;
  Uint32 unsigned_value = 0;
  if (element->getUint32(unsigned_value).good())
    return std::in_range<int>(unsigned_value) ? static_cast<int>(unsigned_value) : otherwise;
  return whole_in(text_of_odd_value(*element)).value_or(otherwise);
}

std::optional<Vector3> vector_value(DcmItem& item, const DcmTagKey& tag, unsigned long first) {
  Vector3 value;
  for (unsigned long i = 0; i < 3; ++i) {
    const auto part = number_value(item, tag, first + i);
    if (!part) return std::nullopt;
    value[static_cast<Eigen::Index>(i)] = *part;
  }
  return value;
}

DcmItem* first_item(DcmItem* parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  return parent && parent->findAndGetSequenceItem(sequence, item, 0).good() ? item : nullptr;
}

void add_note(std::vector<std::string>& notes, const std::string& note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

}  // namespace lumbargrade::dicom
