#include "core/series_role.h"

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
  for (SeriesRole role : {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    if (description == series_description(role)) return role;
  }
  return std::nullopt;
}

}  // namespace lumbargrade
