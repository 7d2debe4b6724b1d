#pragma once

#include <cstdint>
#include <vector>

namespace lumbargrade {

/// The grey value up to which pixels are dark (Otsu 1979). At least one value.
double otsu_threshold(const std::vector<std::uint8_t>& values);

}  // namespace lumbargrade
