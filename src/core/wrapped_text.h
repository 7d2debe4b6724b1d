#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// How wide a terminal is taken to be.
inline constexpr size_t kTerminalColumns = 80;

/// The text broken at blanks so that no line is wider than a terminal, all lines but the first indented by `indent`
/// blanks; what is longer than a line stands on one of its own. The first line has `indent` columns less, too:
/// something else stands there. Columns are counted as characters of UTF-8. Line breaks of the text's own stay.
std::string wrapped(std::string_view text, size_t indent);

}  // namespace lumbargrade
