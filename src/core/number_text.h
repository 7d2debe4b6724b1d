#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lumbargrade {

/// A number with so many decimals, in C's spelling whatever the locale: 0.25 with six is "0.250000". "nan" and "inf"
/// where it is none.
std::string fixed_decimals(double value, int decimals);

/// The same with at most so many (one or more), none of which says nothing: 0.25 with six is "0.25", 3 is "3", and -0
/// is "0".
std::string short_decimals(double value, int decimals);

/// The number that the whole text is, in C's spelling whatever the locale and without + or blanks; nothing for another
/// text, or a number that the type cannot hold.
template <typename Number>
std::optional<Number> number_from(std::string_view words) {
  Number number{};
  const auto [end, problem] = std::from_chars(words.data(), words.data() + words.size(), number);
  const bool is_whole = problem == std::errc() && end == words.data() + words.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

/// Of numbers in tables and DICOM results.
inline constexpr int kTableDecimals = 6;

}  // namespace lumbargrade
