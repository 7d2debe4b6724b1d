#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/strict_json.h"

namespace lumbargrade {

/// Reads one JSON object key by key. An unknown key (with the nearest valid name), a missing key, a wrong type and a
/// number out of range are Errors of the source's kind that name the place, as in
/// `models/default/manifest.json: networks[0].sha256 is missing`.
class StrictObject {
 public:
  /// `source` and `place` are put before every message; `place` is empty for the whole file. Checks the object's keys:
  /// exactly `required`, and any of `optional`.
  StrictObject(const nlohmann::json& value, JsonSource source, std::string place,
               const std::vector<std::string>& required, const std::vector<std::string>& optional = {});

  bool has(const std::string& key) const { return value_.contains(key); }

  std::string string(const std::string& key) const;  ///< not empty
  std::string one_of(const std::string& key, const std::vector<std::string>& words) const;
  double number(const std::string& key, double minimum, double maximum) const;
  bool boolean(const std::string& key) const;
  std::int64_t integer(const std::string& key, std::int64_t minimum, std::int64_t maximum) const;
  std::vector<std::string> strings(const std::string& key, std::size_t min_count = 1) const;
  std::vector<double> numbers(const std::string& key, std::size_t count, double minimum, double maximum) const;
  std::vector<std::int64_t> integers(const std::string& key, std::size_t min_count, std::size_t max_count,
                                     std::int64_t minimum, std::int64_t maximum) const;

  /// The object under `key`, with its own keys checked.
  StrictObject object(const std::string& key, const std::vector<std::string>& required,
                      const std::vector<std::string>& optional = {}) const;
  /// The objects of the list under `key`, each with its keys checked.
  std::vector<StrictObject> objects(const std::string& key, const std::vector<std::string>& required,
                                    const std::vector<std::string>& optional = {}) const;
  /// Any object under `key`, unchecked.
  const nlohmann::json& free_object(const std::string& key) const;

  std::string place_of(const std::string& key) const;
  const std::string& file() const { return source_.name; }

  /// Throws "<file>: <place of key> <reason>".
  [[noreturn]] void fail(const std::string& key, const std::string& reason) const;

 private:
  const nlohmann::json& list(const std::string& key, std::size_t min_count, std::size_t max_count) const;

  const nlohmann::json& value_;
  JsonSource source_;
  std::string place_;
};

}  // namespace lumbargrade
