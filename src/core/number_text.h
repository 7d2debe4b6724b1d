#pragma once

#include <string>

namespace lumbargrade {

/// A number with so many decimals, in C's spelling whatever the locale: 0.25 with six is "0.250000". "nan" and "inf"
/// where it is none.
std::string fixed_decimals(double value, int decimals);

/// The same with at most so many (one or more), none of which says nothing: 0.25 with six is "0.25", 3 is "3", and -0
/// is "0".
std::string short_decimals(double value, int decimals);

/// Of numbers in tables and DICOM results.
inline constexpr int kTableDecimals = 6;

}  // namespace lumbargrade
