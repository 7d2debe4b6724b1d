#include "dicom/character_sets.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/printable_text.h"
#include "dicom/values.h"

namespace lumbargrade::dicom {
namespace {

bool is_number(const std::string& digits) {
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); });
}

/// Names that are no defined terms, and the terms that they mean.
constexpr std::array<std::pair<const char*, const char*>, 21> kOtherNames = {
    {{"UTF8", "ISO_IR 192"},         {"UNICODE", "ISO_IR 192"},  {"ISO10646", "ISO_IR 192"}, {"ASCII", "ISO_IR 6"},
     {"LATIN1", "ISO_IR 100"},       {"ISO88591", "ISO_IR 100"}, {"LATIN2", "ISO_IR 101"},   {"ISO88592", "ISO_IR 101"},
     {"ISO88593", "ISO_IR 109"},     {"ISO88594", "ISO_IR 110"}, {"ISO88595", "ISO_IR 144"}, {"ISO88596", "ISO_IR 127"},
     {"ISO88597", "ISO_IR 126"},     {"ISO88598", "ISO_IR 138"}, {"ISO88599", "ISO_IR 148"}, {"LATIN5", "ISO_IR 148"},
     {"TIS620", "ISO_IR 166"},       {"GB2312", "GBK"},          {"CP936", "GBK"},           {"GB180302000", "GB18030"},
     {"ISO2022JP", "ISO 2022 IR 87"}}};

std::string defined_term(const std::string& term) {
  const std::string letters = letters_and_digits(term);
  const std::string extended = "ISO2022IR", single = "ISOIR";
  if (letters.rfind(extended, 0) == 0 && is_number(letters.substr(extended.size()))) {
    return "ISO 2022 IR " + letters.substr(extended.size());
  }
  if (letters.rfind(single, 0) == 0 && is_number(letters.substr(single.size()))) {
    return "ISO_IR " + letters.substr(single.size());
  }
  for (const auto& [name, meant] : kOtherNames) {
    if (letters == name) return meant;
  }
  return letters.empty() ? "" : letters == "GBK" || letters == "GB18030" ? letters : term;
}

std::vector<std::string> split_values(const std::string& values) {
  std::vector<std::string> parts(1);
  for (const char c : values) {
    if (c == '\\') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Sets that hold everything and must stand alone.
bool stands_alone(const std::string& term) {
  return term == "ISO_IR 192" || term == "GB18030" || term == "GBK";
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Japanese in code extensions, which the C library knows as a whole and not by its parts, as DCMTK asks for them.
/// Nothing where the text holds none or is not of that set.
std::optional<std::string> from_japanese(const std::string& text) {
  const auto holds = [&](const char* sequence) { return text.find(sequence) != std::string::npos; };
  if (!holds("\x1b$B") && !holds("\x1b$@") && !holds("\x1b$(D")) return std::nullopt;
  const iconv_t converter = iconv_open("UTF-8", "ISO-2022-JP-2");
  if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  const std::unique_ptr<void, int (*)(iconv_t)> owned(converter, &iconv_close);
  std::string given = text, converted(4 * text.size() + 16, '\0');
  char *in = given.data(), *out = converted.data();
  size_t in_left = given.size(), out_left = converted.size();
  if (iconv(converter, &in, &in_left, &out, &out_left) == static_cast<size_t>(-1)) return std::nullopt;
  converted.resize(converted.size() - out_left);
  return converted;
}

}  // namespace

std::string defined_character_sets(const std::string& specific_character_set) {
  std::vector<std::string> terms = split_values(specific_character_set);
  std::transform(terms.begin(), terms.end(), terms.begin(), defined_term);
  const auto alone = std::find_if(terms.begin(), terms.end(), stands_alone);
  if (alone != terms.end()) return *alone;
  std::string joined;
  for (std::string& term : terms) {
    // Beside others a set is named with code extensions.
    if (terms.size() > 1 && term.rfind("ISO_IR ", 0) == 0) term.replace(0, 7, "ISO 2022 IR ");
    joined += (&term == &terms.front() ? "" : "\\") + term;
  }
  return joined;
}

void convert_text_to_utf8(DcmDataset& dataset) {
  OFString given;
  if (dataset.findAndGetOFStringArray(DCM_SpecificCharacterSet, given).good()) {
    const std::string defined = defined_character_sets(given.c_str());
    if (defined != given.c_str()) dataset.putAndInsertString(DCM_SpecificCharacterSet, defined.c_str());
  }
  dataset.convertToUTF8();
}

std::string valid_utf8(const std::string& text) {
  if (const auto japanese = from_japanese(text)) return *japanese;
  if (is_utf8(text)) return text;
  std::string latin;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      latin += c;
    } else {
      latin += static_cast<char>(0xC0 | byte >> 6);
      latin += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return latin;
}

}  // namespace lumbargrade::dicom
