#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lumbargrade {

/// A CSV file with a header line: RFC 4180 with quoted fields, LF or CRLF, an optional UTF-8 byte order mark.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
  std::vector<std::size_t> lines;              ///< the line on which each row starts, from 1

  /// Index of the column with this name; empty when there is none.
  std::optional<std::size_t> column(std::string_view name) const;
};

/// Throws Error (Failure), which names `what` and the line, for an empty file, a repeated column name, a row of another
/// length than the header, an unclosed quote, or text next to a quoted field. Blank lines are skipped.
CsvTable parse_csv(std::string_view csv, std::string_view what);

/// Throws Error (Failure) also when the file cannot be read.
CsvTable read_csv(const std::filesystem::path& path);

/// One line with its line feed; fields with a comma, quote or line break are quoted.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace lumbargrade
