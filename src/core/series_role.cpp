#include "core/series_role.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {
namespace {

std::vector<std::string> lower_case_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_letter = std::isalnum(byte) != 0 || byte >= 0x80;
    if (is_letter && !in_word) words.emplace_back();
    if (is_letter) words.back() += static_cast<char>(std::tolower(byte));
    in_word = is_letter;
  }
  return words;
}

}  // namespace

std::string_view role_name(SeriesRole role) {
  static constexpr std::array<std::string_view, 4> kNames = {"none", "sagittal_t1", "sagittal_t2", "axial_t2"};
  return kNames.at(index_of(role));
}

std::string_view series_description(SeriesRole role) {
  static constexpr std::array<std::string_view, 4> kWords = {"", "Sagittal T1", "Sagittal T2/STIR", "Axial T2"};
  return kWords.at(index_of(role));
}

std::optional<SeriesRole> role_of_series_description(std::string_view description) {
  bool sagittal = false, axial = false, t1 = false, t2 = false;
  for (const std::string& word : lower_case_words(description)) {
    const auto is = [&](std::initializer_list<std::string_view> words) {
      return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (is({"sagittal", "sag"})) {
      sagittal = true;
    } else if (is({"axial", "ax", "transverse", "tra"})) {
      axial = true;
    } else if (is({"t1", "t1w"})) {
      t1 = true;
    } else if (is({"t2", "t2w", "stir"})) {
      t2 = true;
    } else {
      return std::nullopt;
    }
  }
  if (sagittal == axial || t1 == t2) return std::nullopt;
  if (axial) return t2 ? std::optional(SeriesRole::AxialT2) : std::nullopt;
  return t1 ? SeriesRole::SagittalT1 : SeriesRole::SagittalT2;
}

}  // namespace lumbargrade
