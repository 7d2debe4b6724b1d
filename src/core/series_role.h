#pragma once

#include <optional>
#include <string_view>

namespace lumbargrade {

/// What a series is for.
enum class SeriesRole { None, SagittalT1, SagittalT2, AxialT2 };

std::string_view role_name(SeriesRole role);  ///< "sagittal_t1", "sagittal_t2", "axial_t2" or "none"

/// The challenge's word in its series_descriptions table: "Sagittal T1", "Sagittal T2/STIR", "Axial T2"; empty for
/// None.
std::string_view series_description(SeriesRole role);
/// The role of such words, also in other spellings and orders ("sagittal t2", "Sag T2 STIR ", "AX T2"); empty when they
/// are none of them, or say more.
std::optional<SeriesRole> role_of_series_description(std::string_view description);

}  // namespace lumbargrade
