#include "core/series_role.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

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
  switch (role) {
    case SeriesRole::SagittalT1:
      return "sagittal_t1";
    case SeriesRole::SagittalT2:
      return "sagittal_t2";
    case SeriesRole::AxialT2:
      return "axial_t2";
    case SeriesRole::None:
      break;
  }
  return "none";
}

std::string_view series_description(SeriesRole role) {
  switch (role) {
    case SeriesRole::SagittalT1:
      return "Sagittal T1";
    case SeriesRole::SagittalT2:
      return "Sagittal T2/STIR";
    case SeriesRole::AxialT2:
      return "Axial T2";
    case SeriesRole::None:
      break;
  }
  return "";
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
