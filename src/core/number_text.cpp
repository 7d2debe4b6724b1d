#include "core/number_text.h"

#include <array>
#include <charconv>

namespace lumbargrade {

std::string fixed_decimals(double value, int decimals) {
  std::array<char, 512> buffer{};  // the largest double has 309 digits before the point
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  return {buffer.data(), result.ptr};
}

std::string short_decimals(double value, int decimals) {
  std::string shown = fixed_decimals(value, decimals);
  shown.erase(shown.find_last_not_of('0') + 1);
  if (shown.ends_with('.')) shown.pop_back();
  return shown == "-0" ? "0" : shown;
}

}  // namespace lumbargrade
