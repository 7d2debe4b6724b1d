#include "runs/run_record.h"

#include <cmath>
#include <fstream>

#include "report/grades_csv.h"

namespace lumbargrade {

nlohmann::ordered_json earlier_runs(const std::filesystem::path& path) {
  using Json = nlohmann::ordered_json;
  std::ifstream file(path);
  const Json record = Json::parse(file, nullptr, false);
  if (!record.is_object()) return Json::array();
  Json runs = record.value("earlier_runs", Json::array());
  if (!runs.is_array()) runs = Json::array();
  Json last = Json::object();
  for (const char* key : {"started_utc", "version", "counts", "times_ms"}) last[key] = record.value(key, Json());
  runs.push_back(last);
  return runs;
}

std::string run_record_json(const RunRecord& record, const LoadedGrader& grader) {
  using Json = nlohmann::ordered_json;
  Json times = Json::object();
  for (const auto& [stage, ms] : record.times_ms) times[stage] = std::round(10 * ms) / 10;
  Json json = {{"notice", kNotice},
               {"command", record.command},
               {"version", record.version},
               {"started_utc", record.started_utc},
               {"bundle",
                {{"folder", grader.bundle_folder.string()},
                 {"name", grader.bundle_name},
                 {"version", grader.bundle_version},
                 {"manifest_sha256", grader.bundle_sha256}}},
               {"device", grader.device},
               {"threads", grader.threads},
               {"options", record.options},
               {"counts", record.counts},
               {"times_ms", times},
               {"warnings", record.warnings},
               {"outputs", record.outputs}};
  if (!record.earlier_runs.empty()) json["earlier_runs"] = record.earlier_runs;
  // File names may hold bytes that are no UTF-8: they are replaced, not refused.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lumbargrade
