#include "core/csv.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <set>

#include "core/number_text.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxBytes = std::size_t{512} << 20;
constexpr std::size_t kMaxColumns = 10000;

/// Reads records one after the other and counts lines for the messages.
class CsvReader {
 public:
  CsvReader(std::string_view csv, std::string_view what, ErrorKind kind) : rest_(csv), what_(what), kind_(kind) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  /// The line on which the record that next() gave last begins.
  std::size_t start_of_record() const { return start_of_record_; }

  /// The next record that is not a blank line; empty at the end.
  std::optional<std::vector<std::string>> next() {
    while (!rest_.empty()) {
      if (!take_line_break()) return record();
    }
    return std::nullopt;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(kind_, text(what_, " line ", line_, ": ", reason));
  }

 private:
  std::vector<std::string> record() {
    start_of_record_ = line_;
    std::vector<std::string> fields = {field()};
    while (rest_.starts_with(',')) {
      if (fields.size() == kMaxColumns) fail(text("more than ", kMaxColumns, " fields"));
      rest_.remove_prefix(1);
      fields.push_back(field());
    }
    if (!rest_.empty() && !take_line_break()) fail("unexpected text after a quoted field");
    return fields;
  }

  std::string field() { return rest_.starts_with('"') ? quoted_field() : plain_field(); }

  std::string plain_field() {
    const std::size_t length = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    std::string value(rest_.substr(0, length));
    if (value.find('"') != std::string::npos) fail("a quote inside an unquoted field");
    rest_.remove_prefix(length);
    return value;
  }

  std::string quoted_field() {
    std::string value;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) fail("a quoted field is not closed");
      value += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      value += '"';
      rest_.remove_prefix(1);
    }
    line_ += static_cast<std::size_t>(std::count(value.begin(), value.end(), '\n'));
    return value;
  }

  bool take_line_break() {
    for (std::string_view line_break : {"\r\n", "\n", "\r"}) {
      if (!rest_.starts_with(line_break)) continue;
      rest_.remove_prefix(line_break.size());
      ++line_;
      return true;
    }
    return false;
  }

  std::string_view rest_;
  std::string what_;
  ErrorKind kind_;
  std::size_t line_ = 1;
  std::size_t start_of_record_ = 1;
};

std::string csv_cell(const std::string& field) {
  std::string content = printable(field);
  const bool looks_like_formula = field.find_first_of("=+-@") == 0 && !number_from<double>(field);
  if (looks_like_formula) content.insert(content.begin(), '\'');
  if (content.find_first_of(",\"") == std::string::npos) return content;
  std::string quoted(1, '"');
  for (const char c : content) quoted.append(c == '"' ? 2 : 1, c);
  quoted.push_back('"');
  return quoted;
}

}  // namespace

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.begin());
}

CsvTable parse_csv(std::string_view csv, std::string_view what, ErrorKind kind) {
  CsvReader reader(csv, what, kind);
  CsvTable table;
  auto header = reader.next();
  if (!header) throw Error(kind, text(what, " is empty; expected a header line"));
  table.header = std::move(*header);
  std::set<std::string> names;
  for (const std::string& name : table.header) {
    if (!names.insert(name).second) reader.fail(text("the column \"", name, "\" occurs twice"));
  }
  while (auto row = reader.next()) {
    if (row->size() != table.header.size()) {
      throw Error(kind, text(what, " line ", reader.start_of_record(), ": ", row->size(), " fields, the header has ",
                             table.header.size()));
    }
    table.rows.push_back(std::move(*row));
    table.lines.push_back(reader.start_of_record());
  }
  return table;
}

CsvTable read_csv(const std::filesystem::path& path, ErrorKind kind) {
  std::error_code no_size;  // a pipe tells none
  std::uintmax_t bytes = std::filesystem::file_size(path, no_size);
  if (no_size) bytes = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content, block(std::size_t{1} << 16, '\0');
  while (file && bytes <= kMaxBytes) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    content.append(block, 0, static_cast<std::size_t>(file.gcount()));
    bytes = std::max<std::uintmax_t>(bytes, content.size());
  }
  if (bytes > kMaxBytes) {
    throw Error(kind, text(path.string(), " is larger than the ", kMaxBytes >> 20, " MiB that a table may have"));
  }
  if (!file.is_open() || file.bad()) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  return parse_csv(content, path.string(), kind);
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    line += csv_cell(field);
  }
  return line + '\n';
}

}  // namespace lumbargrade
