#include "report/number_text.h"

#include <array>
#include <cstdio>

namespace lumbargrade {

std::string six_decimals(double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.6f", value);
  return buffer.data();
}

}  // namespace lumbargrade
