#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lumbargrade {

/// The text as one line of valid UTF-8 that steers no terminal and forges no line of a log or table. Bytes that are no
/// UTF-8, control characters (escape sequences, line breaks, tabs; U+0000 to U+001F, U+007F to U+009F), line and
/// paragraph separators and marks that turn the direction of writing (U+2028 to U+202E, U+2066 to U+2069) come out as
/// \xHH, byte by byte. Everything else comes back as it is.
std::string printable(std::string_view text);

/// Length in bytes of the valid UTF-8 character at the beginning of `bytes`, which are not none; 0 where there is none.
std::size_t utf8_length(std::string_view bytes);

/// A file's or folder's name as it stands in tables, JSON and messages: as `printable`, but with %XX, and also for a
/// first = + - or @, which a spreadsheet would take for a formula. What is in order comes back as it is.
std::string printable_name(std::string_view name);

}  // namespace lumbargrade
