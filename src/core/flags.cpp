#include "core/flags.h"

#include <algorithm>
#include <array>

#include "core/finding.h"

namespace lumbargrade {

std::string_view severity_name(FlagSeverity severity) {
  static constexpr std::array<std::string_view, 3> kNames = {"note", "caution", "grave"};
  return kNames.at(index_of(severity));
}

std::optional<Flag> find_flag(std::string_view word) {
  const auto found =
      std::find_if(flags::kAll.begin(), flags::kAll.end(), [&](const Flag& flag) { return flag.word == word; });
  return found == flags::kAll.end() ? std::nullopt : std::optional(*found);
}

}  // namespace lumbargrade
