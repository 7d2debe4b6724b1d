#include "core/series_role.h"

#include <algorithm>
#include <string>

#include "core/words.h"

namespace lumbargrade {

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
