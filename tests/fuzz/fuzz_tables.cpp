// Any text as a table that a user wrote: rows with values by type, or an Error that names the line; and what is written
// again reads as the same fields.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/csv.h"
#include "core/error.h"
#include "core/series_role.h"
#include "core/strict_json.h"
#include "core/table.h"

namespace {

using namespace lumbargrade;  // NOLINT: one short file

template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

void read_row(const TableRow& row, const std::string& column) {
  attempt([&] { row.word(column); });
  attempt([&] { row.number(column, -1e6, 1e6); });
  attempt([&] { row.optional_number(column); });
  attempt([&] { row.integer(column, -1000, 1000); });
  attempt([&] { row.boolean(column); });
  attempt([&] { row.level(column); });
  attempt([&] { row.side(column); });
  role_of_series_description(row.field(column));
}

void read_table(std::string_view text) {
  const CsvTable csv = parse_csv(text, "fuzzed.csv", ErrorKind::Usage);
  const Table table(csv, "fuzzed.csv", ErrorKind::Usage);
  for (const TableRow row : table) {
    for (const std::string& column : table.header()) read_row(row, column);
  }
  std::string written = csv_line(csv.header);
  for (const auto& fields : csv.rows) written += csv_line(fields);
  attempt([&] {
    const CsvTable again = parse_csv(written, "again.csv");
    if (again.rows.size() > csv.rows.size()) abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] { read_table(text); });
  attempt([&] { parse_strict_json(text, {"fuzzed.json", ErrorKind::Usage}, 32); });
  return 0;
}
