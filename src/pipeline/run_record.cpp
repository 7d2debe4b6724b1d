#include "pipeline/run_record.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <fstream>

#include "core/files.h"
#include "report/grades_csv.h"

namespace lumbargrade {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uintmax_t kLargestRecord = std::uintmax_t{1} << 26;  // bytes

double tenths(double value) {
  return std::round(10 * value) / 10;
}

double cpu_s(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The program and its arguments as they were given.
Json command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  Json words = Json::array();
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

Json used_resources() {
  rusage own{};
  rusage workers{};
  getrusage(RUSAGE_SELF, &own);
  getrusage(RUSAGE_CHILDREN, &workers);
  return {{"cpu_s", tenths(cpu_s(own) + cpu_s(workers))},
          {"peak_mib", tenths(static_cast<double>(own.ru_maxrss) / 1024)},
          {"peak_worker_mib", tenths(static_cast<double>(workers.ru_maxrss) / 1024)}};
}

Json earlier_runs(const std::filesystem::path& path) {
  const Json record = Json::parse(file_text(path, kLargestRecord).value_or(""), nullptr, false);
  if (!record.is_object()) return Json::array();
  Json runs = record.value("earlier_runs", Json::array());
  if (!runs.is_array()) runs = Json::array();
  Json last = Json::object();
  for (const char* key : {"started_utc", "version", "counts", "times_ms"}) last[key] = record.value(key, Json());
  runs.push_back(last);
  return runs;
}

std::string run_record_json(const RunRecord& record, const GraderIdentity& grader) {
  Json times = Json::object();
  for (const auto& [stage, ms] : record.times_ms) times[stage] = tenths(ms);
  Json json = {{"format_version", kRunRecordFormat},
               {"notice", kNotice},
               {"command", record.command},
               {"version", record.version},
               {"command_line", command_line()},
               {"host", host_name()},
               {"started_utc", record.started_utc},
               {"bundle",
                {{"folder", grader.bundle_folder.string()},
                 {"name", grader.bundle_name},
                 {"version", grader.bundle_version},
                 {"manifest_sha256", grader.bundle_sha256}}},
               {"device", grader.device},
               {"precision", grader.precision},
               {"threads", grader.threads},
               {"options", record.options},
               {"counts", record.counts},
               {"times_ms", times},
               {"warnings", record.warnings},
               {"outputs", record.outputs}};
  if (!record.resources.empty()) json["resources"] = record.resources;
  if (!record.earlier_runs.empty()) json["earlier_runs"] = record.earlier_runs;
  // File names may hold bytes that are no UTF-8: they are replaced, not refused.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lumbargrade
