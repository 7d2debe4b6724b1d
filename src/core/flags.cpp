#include "core/flags.h"

#include <algorithm>

namespace lumbargrade {

std::string_view severity_name(FlagSeverity severity) {
  switch (severity) {
    case FlagSeverity::Note:
      return "note";
    case FlagSeverity::Caution:
      return "caution";
    case FlagSeverity::Grave:
      return "grave";
  }
  return "note";
}

std::optional<Flag> find_flag(std::string_view word) {
  const auto found =
      std::find_if(flags::kAll.begin(), flags::kAll.end(), [&](const Flag& flag) { return flag.word == word; });
  return found == flags::kAll.end() ? std::nullopt : std::optional(*found);
}

}  // namespace lumbargrade
