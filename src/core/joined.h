#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// The words (strings or views of them) in one line, with `between` between each two.
template <typename Words>
std::string joined(const Words& words, std::string_view between = ", ") {
  std::string line;
  bool is_first = true;
  for (const auto& word : words) {
    if (!is_first) line += between;
    line += word;
    is_first = false;
  }
  return line;
}

}  // namespace lumbargrade
