#include "core/strict_json.h"

#include <set>
#include <vector>

namespace lumbargrade {

nlohmann::json parse_strict_json(std::string_view json, const JsonSource& source, int max_depth) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> keys;  // of every object that is still open
  const auto watch = [&](int depth, Event event, const nlohmann::json& value) {
    if ((event == Event::object_start || event == Event::array_start) && depth >= max_depth) {
      throw Error(source.kind, text(source.name, ": JSON nested deeper than ", max_depth, " levels"));
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get<std::string>()).second) {
      throw Error(source.kind, text(source.name, ": key \"", value.get<std::string>(), "\" occurs twice"));
    }
    return true;
  };
  try {
    return nlohmann::json::parse(json.begin(), json.end(), watch);
  } catch (const nlohmann::json::exception& error) {
    throw Error(source.kind, text(source.name, " is not valid JSON: ", error.what()));
  }
}

}  // namespace lumbargrade
