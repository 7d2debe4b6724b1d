#include "core/series_role.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/finding.h"
#include "core/words.h"

namespace lumbargrade {

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
  for (const std::string& word : words_of(description)) {
    const auto is = [&](std::initializer_list<std::string_view> words) {
      return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (is({"sagittal", "sag", "sagital", "sagittale"})) {
      sagittal = true;
    } else if (is({"axial", "ax", "axiale", "transverse", "transversal", "tra"})) {
      axial = true;
    } else if (is({"t1", "t1w"})) {
      t1 = true;
    } else if (is({"t2", "t2w", "stir"})) {
      t2 = true;
    } else if (!is({"weighted", "tse", "fse", "se", "lumbar", "spine", "lspine"})) {
      return std::nullopt;
    }
  }
  if (sagittal == axial || t1 == t2) return std::nullopt;
  if (axial) return t2 ? std::optional(SeriesRole::AxialT2) : std::nullopt;
  return t1 ? SeriesRole::SagittalT1 : SeriesRole::SagittalT2;
}

}  // namespace lumbargrade
