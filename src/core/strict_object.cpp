#include "core/strict_object.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "core/error.h"
#include "core/nearest_name.h"

namespace lumbargrade {
namespace {

using nlohmann::json;

constexpr std::size_t kAnyCount = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kShownCharacters = 60;

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A value as an error message shows it.
std::string shown(const json& value) {
  std::string dumped = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (dumped.size() > kShownCharacters) dumped.replace(kShownCharacters, std::string::npos, "...");
  return dumped;
}

double checked_number(const StrictObject& object, const std::string& key, const json& value, const char* kind,
                      double minimum, double maximum) {
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (std::isfinite(number) && number >= minimum && number <= maximum) return number;
  object.fail(key, text("must be ", kind, " from ", minimum, " to ", maximum, ", not ", shown(value)));
}

std::int64_t checked_integer(const StrictObject& object, const std::string& key, const json& value,
                             std::int64_t minimum, std::int64_t maximum) {
  const bool is_too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  const auto number =
      value.is_number_integer() && !is_too_large ? std::optional(value.get<std::int64_t>()) : std::nullopt;
  if (number && *number >= minimum && *number <= maximum) return *number;
  object.fail(key, text("must be a whole number from ", minimum, " to ", maximum, ", not ", shown(value)));
}

}  // namespace

StrictObject::StrictObject(const json& value, JsonSource source, std::string place,
                           const std::vector<std::string>& required, const std::vector<std::string>& optional)
    : value_(value), source_(std::move(source)), place_(std::move(place)) {
  if (!value_.is_object()) {
    throw Error(source_.kind, text(source_.name, ": ", place_.empty() ? "the whole" : place_,
                                   " must be an object, not ", shown(value_)));
  }
  std::vector<std::string> valid = required;
  valid.insert(valid.end(), optional.begin(), optional.end());
  for (const auto& [key, ignored] : value_.items()) {
    if (!contains(valid, key)) fail(key, "is no known key" + name_hint(key, valid));
  }
  for (const std::string& key : required) {
    if (!has(key)) fail(key, "is missing");
  }
}

std::string StrictObject::place_of(const std::string& key) const {
  return place_.empty() ? key : place_ + "." + key;
}

void StrictObject::fail(const std::string& key, const std::string& reason) const {
  throw Error(source_.kind, text(source_.name, ": ", place_of(key), " ", reason));
}

std::string StrictObject::string(const std::string& key) const {
  const json& value = value_.at(key);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    fail(key, "must be a text, not " + shown(value));
  }
  return value.get<std::string>();
}

std::string StrictObject::one_of(const std::string& key, const std::vector<std::string>& words) const {
  std::string word = string(key);
  if (!contains(words, word)) fail(key, text("is the unknown \"", word, "\"", name_hint(word, words)));
  return word;
}

double StrictObject::number(const std::string& key, double minimum, double maximum) const {
  return checked_number(*this, key, value_.at(key), "a number", minimum, maximum);
}

bool StrictObject::boolean(const std::string& key) const {
  const auto& value = value_.at(key);
  if (!value.is_boolean()) fail(key, "must be true or false");
  return value.get<bool>();
}

std::int64_t StrictObject::integer(const std::string& key, std::int64_t minimum, std::int64_t maximum) const {
  return checked_integer(*this, key, value_.at(key), minimum, maximum);
}

const json& StrictObject::list(const std::string& key, std::size_t min_count, std::size_t max_count) const {
  const json& value = value_.at(key);
  if (!value.is_array()) fail(key, "must be a list, not " + shown(value));
  if (value.size() < min_count || value.size() > max_count) {
    const std::string wanted = min_count == max_count   ? text(min_count)
                               : max_count == kAnyCount ? text("at least ", min_count)
                                                        : text(min_count, " to ", max_count);
    fail(key, text("must have ", wanted, " entries, not ", value.size()));
  }
  return value;
}

std::vector<std::string> StrictObject::strings(const std::string& key, std::size_t min_count) const {
  std::vector<std::string> result;
  for (const json& value : list(key, min_count, kAnyCount)) {
    if (!value.is_string()) fail(key, "must be a list of texts, not " + shown(value));
    result.push_back(value.get<std::string>());
  }
  return result;
}

std::vector<double> StrictObject::numbers(const std::string& key, std::size_t count, double minimum,
                                          double maximum) const {
  std::vector<double> result;
  for (const json& value : list(key, count, count)) {
    result.push_back(checked_number(*this, key, value, "numbers", minimum, maximum));
  }
  return result;
}

std::vector<std::int64_t> StrictObject::integers(const std::string& key, std::size_t min_count, std::size_t max_count,
                                                 std::int64_t minimum, std::int64_t maximum) const {
  std::vector<std::int64_t> result;
  for (const json& value : list(key, min_count, max_count)) {
    result.push_back(checked_integer(*this, key, value, minimum, maximum));
  }
  return result;
}

StrictObject StrictObject::object(const std::string& key, const std::vector<std::string>& required,
                                  const std::vector<std::string>& optional) const {
  return {value_.at(key), source_, place_of(key), required, optional};
}

std::vector<StrictObject> StrictObject::objects(const std::string& key, const std::vector<std::string>& required,
                                                const std::vector<std::string>& optional) const {
  std::vector<StrictObject> result;
  for (const json& value : list(key, 0, kAnyCount)) {
    result.emplace_back(value, source_, text(place_of(key), "[", result.size(), "]"), required, optional);
  }
  return result;
}

const json& StrictObject::free_object(const std::string& key) const {
  const json& value = value_.at(key);
  if (!value.is_object()) fail(key, "must be an object, not " + shown(value));
  return value;
}

}  // namespace lumbargrade
