#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lumbargrade {

/// Words as people's descriptions hold them, for comparison: small letters without accents, in the order of the text.
using Words = std::vector<std::string>;

/// The text without these characters at its ends.
std::string_view without_blanks(std::string_view text, std::string_view blanks = " ");

/// UTF-8 with small letters only (Latin, Greek, Cyrillic), Latin letters without their accents, wide forms of ASCII
/// characters, other dashes and other blanks as ASCII's: "Séquence T1＋C" gives "sequence t1+c". The rest stays.
std::string folded(std::string_view text);

/// Runs of letters and digits of the folded text; every character beyond ASCII that is no punctuation is a letter.
Words words_of(std::string_view text);

bool has_word(const Words& words, std::initializer_list<const char*> wanted);

/// A word that holds one of `parts`.
bool has_word_with(const Words& words, std::initializer_list<const char*> parts);

/// A word that begins with one of `beginnings`.
bool has_word_from(const Words& words, std::initializer_list<const char*> beginnings);

/// The two words, one behind the other: "3-plane", "w/o".
bool has_pair(const Words& words, std::initializer_list<std::pair<const char*, const char*>> wanted);

}  // namespace lumbargrade
