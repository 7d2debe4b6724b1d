#include "core/words.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace lumbargrade {
namespace {

/// U+00C0 to U+017F without accents, one letter each; others as they are are marked by a blank.
constexpr std::string_view kLatinLetters =
    "aaaaaaaceeeeiiii"   // U+00C0
    "dnooooo ouuuuyts"   // U+00D0
    "aaaaaaaceeeeiiii"   // U+00E0
    "dnooooo ouuuuyty"   // U+00F0
    "aaaaaaccccccccdd"   // U+0100
    "ddeeeeeeeeeegggg"   // U+0110
    "gggghhhhiiiiiiii"   // U+0120
    "iiiijjkkklllllll"   // U+0130, of which U+0138 (kra) is a k
    "lllnnnnnnnnnoooo"   // U+0140
    "oooorrrrrrssssss"   // U+0150
    "ssttttttuuuuuuuu"   // U+0160
    "uuuuwwyyyzzzzzzs";  // U+0170

/// Takes the first character off; bytes that are no UTF-8 come out one by one.
std::uint32_t next_code_point(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || (byte(i) & 0xC0U) != 0x80U) {
      text.remove_prefix(1);
      return first;
    }
    code = code << 6 | (byte(i) & 0x3FU);
  }
  text.remove_prefix(length);
  return code;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xE0 | code >> 12);
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

bool lies_in(std::uint32_t code, std::uint32_t first, std::uint32_t last) {
  return code >= first && code <= last;
}

bool is_combining_accent(std::uint32_t code) {
  return lies_in(code, 0x300, 0x36F);
}

bool is_dash(std::uint32_t code) {
  return lies_in(code, 0x2010, 0x2015) || code == 0x2212;
}

/// Beyond ASCII: no-break and wide blanks, general and CJK punctuation, signs of Latin-1.
bool is_punctuation(std::uint32_t code) {
  return lies_in(code, 0x80, 0xBF) || code == 0xD7 || code == 0xF7 || lies_in(code, 0x2000, 0x206F) ||
         lies_in(code, 0x3000, 0x303F);
}

std::uint32_t folded_code(std::uint32_t code) {
  if (lies_in(code, 0xFF01, 0xFF5E)) code -= 0xFEE0;
  if (code < 0x80) return static_cast<std::uint32_t>(std::tolower(static_cast<int>(code)));
  if (is_dash(code)) return '-';
  if (is_punctuation(code)) return ' ';
  if (lies_in(code, 0xC0, 0x17F)) return static_cast<unsigned char>(kLatinLetters[code - 0xC0]);
  if (lies_in(code, 0x391, 0x3A9) || lies_in(code, 0x410, 0x42F)) return code + 0x20;
  if (lies_in(code, 0x400, 0x40F)) return code + 0x50;
  return code;
}

bool is_letter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || byte >= 0x80;
}

template <typename Holds>
bool any_of_words(const Words& words, std::initializer_list<const char*> wanted, const Holds& holds) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const char* w) { return holds(word, w); });
  });
}

}  // namespace

std::string_view without_blanks(std::string_view text, std::string_view blanks) {
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

std::string folded(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::uint32_t code = next_code_point(text);
    if (!is_combining_accent(code)) append_utf8(result, folded_code(code));
  }
  return result;
}

Words words_of(std::string_view text) {
  Words words;
  bool in_word = false;
  for (const char c : folded(text)) {
    if (is_letter(c) && !in_word) words.emplace_back();
    if (is_letter(c)) words.back() += c;
    in_word = is_letter(c);
  }
  return words;
}

bool has_word(const Words& words, std::initializer_list<const char*> wanted) {
  return any_of_words(words, wanted, [](const std::string& word, const char* w) { return word == w; });
}

bool has_word_with(const Words& words, std::initializer_list<const char*> parts) {
  return any_of_words(words, parts, [](const std::string& word, const char* p) { return word.find(p) != word.npos; });
}

bool has_word_from(const Words& words, std::initializer_list<const char*> beginnings) {
  return any_of_words(words, beginnings, [](const std::string& word, const char* b) { return word.starts_with(b); });
}

bool has_pair(const Words& words, std::initializer_list<std::pair<const char*, const char*>> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    const auto at = std::adjacent_find(words.begin(), words.end(), [&](const auto& first, const auto& second) {
      return first == pair.first && second == pair.second;
    });
    return at != words.end();
  });
}

}  // namespace lumbargrade
