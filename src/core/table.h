#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/finding.h"

namespace lumbargrade {

class Table;

/// One row; valid as long as its table is. Asking for a column that the table lacks is refused as a missing column,
/// except where `optional_` says otherwise.
class TableRow {
 public:
  TableRow(const Table& table, std::size_t row) : table_(&table), row_(row) {}

  std::size_t line() const;

  /// The field as it stands, empty or not.
  const std::string& field(std::string_view column) const;
  /// The same, empty also where the table has no such column.
  const std::string& optional_field(std::string_view column) const;
  /// A field that is not empty.
  const std::string& word(std::string_view column) const;
  /// The id of a study or series: without blanks around it; "12.0", as pandas writes a column with gaps, is "12".
  std::string id(std::string_view column) const;

  /// A finite number in [minimum, maximum]; the whole field must be one, in C's spelling without blanks.
  double number(std::string_view column, double minimum = -std::numeric_limits<double>::max(),
                double maximum = std::numeric_limits<double>::max()) const;
  std::optional<double> optional_number(std::string_view column, double minimum = -std::numeric_limits<double>::max(),
                                        double maximum = std::numeric_limits<double>::max()) const;
  /// A whole number in [minimum, maximum]; "12.0", as tables of pandas have it, is 12.
  std::int64_t integer(std::string_view column, std::int64_t minimum, std::int64_t maximum) const;
  /// 0 or 1.
  bool boolean(std::string_view column) const;
  /// The index in `words` of the field.
  std::size_t one_of(std::string_view column, const std::vector<std::string>& words) const;
  Level level(std::string_view column = "level") const;
  Side side(std::string_view column = "side") const;

  /// Throws "<file> line <n>: <reason>".
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  const Table* table_;
  std::size_t row_;
};

/// A CSV table whose columns are found by name and whose values are read by type: the one way in for tables that users
/// or other programs wrote. Every refusal names the file, the line and the column.
///
///     const Table table(path, ErrorKind::Usage, {"study_id", "level", "depth_mm"});
///     for (const TableRow row : table) {
///       figure.study_id = row.word("study_id");                    // not empty
///       figure.level = row.level();                                // L1/L2 or l1_l2
///       figure.depth_mm = row.number("depth_mm", 0, 100);          // wholly a number, finite, in range
///       figure.ratio = row.optional_number("ratio");               // nothing where the field, or the column, is empty
///       if (figure.depth_mm > wide) row.fail("..."); // "<file> line <n>: ..."
///     }
///
/// A program that reads what it has parsed itself gives the CsvTable and a name instead of a path.
class Table {
 public:
  /// Error of `kind` when the content is no table (see parse_csv), or a `required` column is missing; other columns
  /// are the caller's to know. Error (Failure) when the file cannot be read.
  Table(const std::filesystem::path& path, ErrorKind kind, const std::vector<std::string>& required = {});
  Table(CsvTable csv, std::string name, ErrorKind kind, const std::vector<std::string>& required = {});

  std::size_t size() const { return csv_.rows.size(); }
  const std::vector<std::string>& header() const { return csv_.header; }
  const std::string& name() const { return name_; }
  bool has(std::string_view column) const { return csv_.column(column).has_value(); }
  /// Refuses the table where a column is missing.
  void require(const std::vector<std::string>& columns) const;

  class Iterator {
   public:
    Iterator(const Table& table, std::size_t row) : table_(&table), row_(row) {}
    TableRow operator*() const { return {*table_, row_}; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    bool operator==(const Iterator& other) const = default;

   private:
    const Table* table_;
    std::size_t row_;
  };

  TableRow operator[](std::size_t row) const { return {*this, row}; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

  /// Throws "<file>: <reason>".
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  friend class TableRow;

  std::string name_;
  ErrorKind kind_;
  CsvTable csv_;
};

}  // namespace lumbargrade
