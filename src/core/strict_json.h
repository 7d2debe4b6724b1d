#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace lumbargrade {

/// Parses JSON from a file that may be hostile. Unlike nlohmann::json::parse it refuses a key that occurs twice in one
/// object (the second would silently win) and nesting deeper than `max_depth`. `what` names the file in errors, which
/// are of kind BundleInvalid.
nlohmann::json parse_strict_json(std::string_view json, std::string_view what, int max_depth);

}  // namespace lumbargrade
