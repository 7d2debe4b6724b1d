#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lumbargrade {

/// How wide a terminal is taken to be.
inline constexpr size_t kTerminalColumns = 80;

/// The text broken at blanks so that no line is wider than a terminal, all lines but the first indented by `indent`
/// blanks; what is longer than a line stands on one of its own. The first line has `indent` columns less, too:
/// something else stands there. Columns are counted as characters of UTF-8. Line breaks of the text's own stay.
std::string wrapped(std::string_view text, size_t indent);

/// A table's rows, each no longer than the first, as lines whose cells stand below each other: two blanks part columns,
/// one behind each of the first `narrow_columns`.
std::string aligned(const std::vector<std::vector<std::string>>& rows, size_t narrow_columns = 0);

}  // namespace lumbargrade
