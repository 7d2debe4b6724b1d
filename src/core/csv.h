#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace lumbargrade {

/// A CSV file with a header line: RFC 4180 with quoted fields, LF or CRLF, an optional UTF-8 byte order mark.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
  std::vector<std::size_t> lines;              ///< the line on which each row starts, from 1

  /// Index of the column with this name; empty when there is none.
  std::optional<std::size_t> column(std::string_view name) const;
};

/// Throws Error of `kind`, which names `what` and the line, for an empty file, a repeated column name, a row of another
/// length than the header, an unclosed quote, text next to a quoted field, or more than 10,000 columns. Blank lines are
/// skipped.
CsvTable parse_csv(std::string_view csv, std::string_view what, ErrorKind kind = ErrorKind::Failure);

/// Throws Error of `kind` also for a file of more than 512 MiB, and Error (Failure) when it cannot be read.
CsvTable read_csv(const std::filesystem::path& path, ErrorKind kind = ErrorKind::Failure);

/// One line with its line feed. Each field is made printable (printable_text.h), and a text that begins with = + - or
/// @, which a spreadsheet would run as a formula, gets an apostrophe before it; numbers stay as they are. Fields with a
/// comma or quote are quoted.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace lumbargrade
