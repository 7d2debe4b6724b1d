#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/error.h"

namespace lumbargrade {

/// The file that JSON comes from, as errors name it, and what they are: BundleInvalid for a bundle's, Usage for one
/// that the user wrote.
struct JsonSource {
  std::string name;
  ErrorKind kind;
};

/// Parses JSON from a file that may be hostile. Unlike nlohmann::json::parse it refuses a key that occurs twice in one
/// object (the second would silently win) and nesting deeper than `max_depth`. Errors name the source and have its
/// kind.
nlohmann::json parse_strict_json(std::string_view json, const JsonSource& source, int max_depth);

}  // namespace lumbargrade
