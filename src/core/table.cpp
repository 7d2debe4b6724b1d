#include "core/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/nearest_name.h"
#include "core/words.h"

namespace lumbargrade {
namespace {

std::string bound_text(double minimum, double maximum) {
  if (maximum == std::numeric_limits<double>::max()) return text("at least ", minimum);
  if (minimum == -std::numeric_limits<double>::max()) return text("at most ", maximum);
  return text("from ", minimum, " to ", maximum);
}

}  // namespace

Table::Table(const std::filesystem::path& path, ErrorKind kind, const std::vector<std::string>& required)
    : Table(read_csv(path, kind), path.string(), kind, required) {}

Table::Table(CsvTable csv, std::string name, ErrorKind kind, const std::vector<std::string>& required)
    : name_(std::move(name)), kind_(kind), csv_(std::move(csv)) {
  require(required);
}

void Table::require(const std::vector<std::string>& columns) const {
  for (const std::string& column : columns) {
    if (!has(column)) fail(text("the column \"", column, "\" is missing"));
  }
}

void Table::fail(const std::string& reason) const {
  throw Error(kind_, text(name_, ": ", reason));
}

std::size_t TableRow::line() const {
  return table_->csv_.lines[row_];
}

const std::string& TableRow::field(std::string_view column) const {
  const auto index = table_->csv_.column(column);
  if (!index) table_->fail(text("the column \"", column, "\" is missing"));
  return table_->csv_.rows[row_][*index];
}

const std::string& TableRow::optional_field(std::string_view column) const {
  static const std::string nothing;
  return table_->has(column) ? field(column) : nothing;
}

const std::string& TableRow::word(std::string_view column) const {
  const std::string& value = field(column);
  if (value.empty()) fail(text("column ", column, " is empty"));
  return value;
}

std::string TableRow::id(std::string_view column) const {
  const std::string_view value = without_blanks(field(column), " \t");
  if (value.empty()) fail(text("column ", column, " is empty"));
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const bool has_zero_fraction = digits > 0 && digits + 1 < value.size() && value[digits] == '.' &&
                                 value.find_first_not_of('0', digits + 1) == std::string_view::npos;
  return std::string(has_zero_fraction ? value.substr(0, digits) : value);
}

double TableRow::number(std::string_view column, double minimum, double maximum) const {
  const std::string& value = field(column);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = end == value.data() + value.size();
  if (is_whole && error == std::errc::result_out_of_range) fail(text(value, " in column ", column, " is out of range"));
  if (!is_whole || error != std::errc()) fail(text("\"", value, "\" in column ", column, " is not a number"));
  if (!std::isfinite(number)) fail(text(value, " in column ", column, " is not finite"));
  if (minimum == 0 && number < 0) fail(text(value, " in column ", column, " is negative"));
  if (number < minimum || number > maximum) {
    fail(text(value, " in column ", column, " must be ", bound_text(minimum, maximum)));
  }
  return number;
}

std::optional<double> TableRow::optional_number(std::string_view column, double minimum, double maximum) const {
  if (optional_field(column).empty()) return std::nullopt;
  return number(column, minimum, maximum);
}

std::int64_t TableRow::integer(std::string_view column, std::int64_t minimum, std::int64_t maximum) const {
  const double value = number(column);
  // Doubles hold whole numbers exactly up to 2^53 only.
  const bool is_whole = std::floor(value) == value && std::abs(value) <= 9007199254740992.0;
  if (!is_whole) fail(text("\"", field(column), "\" in column ", column, " is not a whole number"));
  const auto whole = static_cast<std::int64_t>(value);
  if (whole < minimum || whole > maximum) {
    fail(text(field(column), " in column ", column, " must be from ", minimum, " to ", maximum));
  }
  return whole;
}

bool TableRow::boolean(std::string_view column) const {
  return one_of(column, {"0", "1"}) == 1;
}

std::size_t TableRow::one_of(std::string_view column, const std::vector<std::string>& words) const {
  const std::string& value = field(column);
  const auto found = std::find(words.begin(), words.end(), value);
  if (found == words.end()) fail(text("\"", value, "\" in column ", column, " is unknown", name_hint(value, words)));
  return static_cast<std::size_t>(found - words.begin());
}

Level TableRow::level(std::string_view column) const {
  const auto level = parse_level(field(column));
  if (!level) fail(text("\"", field(column), "\" in column ", column, " is not a level (L1/L2 ... L5/S1)"));
  return *level;
}

Side TableRow::side(std::string_view column) const {
  return one_of(column, {std::string(side_name(Side::Left)), std::string(side_name(Side::Right))}) == 0 ? Side::Left
                                                                                                        : Side::Right;
}

void TableRow::fail(const std::string& reason) const {
  throw Error(table_->kind_, text(table_->name_, " line ", line(), ": ", reason));
}

}  // namespace lumbargrade
