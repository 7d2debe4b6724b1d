#include "core/strict_json.h"

#include <set>
#include <vector>

namespace lumbargrade {
namespace {

using Event = nlohmann::json::parse_event_t;

/// Watches the parser's events; the keys of every object that is still open lie on a stack.
class Watch {
 public:
  Watch(const JsonSource& source, int max_depth) : source_(source), max_depth_(max_depth) {}

  void see(int depth, Event event, const nlohmann::json& value) {
    if (event == Event::object_start || event == Event::array_start) check_depth(depth);
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) check_new(value.get<std::string>());
  }

 private:
  void check_depth(int depth) const {
    if (depth < max_depth_) return;
    throw Error(source_.kind, text(source_.name, ": JSON nested deeper than ", max_depth_, " levels"));
  }
  void check_new(const std::string& key) {
    if (keys_.back().insert(key).second) return;
    throw Error(source_.kind, text(source_.name, ": key \"", key, "\" occurs twice"));
  }

  const JsonSource& source_;
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

nlohmann::json parse_strict_json(std::string_view json, const JsonSource& source, int max_depth) {
  Watch watch(source, max_depth);
  const auto see = [&watch](int depth, Event event, nlohmann::json& value) {
    watch.see(depth, event, value);
    return true;
  };
  try {
    return nlohmann::json::parse(json.begin(), json.end(), see);
  } catch (const nlohmann::json::exception& error) {
    throw Error(source.kind, text(source.name, " is not valid JSON: ", error.what()));
  }
}

}  // namespace lumbargrade
