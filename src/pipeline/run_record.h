#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/load_grader.h"

namespace lumbargrade {

/// Raised when a key of run.json changes its meaning or goes (docs/outputs.md).
inline constexpr int kRunRecordFormat = 1;

/// What a run was: enough to repeat it and to see where its time went. Written as run.json.
struct RunRecord {
  std::string command;  ///< "grade", "batch" ...
  std::string version;  ///< text of `lumbargrade --version`
  std::string started_utc;
  nlohmann::ordered_json options = nlohmann::ordered_json::object();    ///< as resolved
  nlohmann::ordered_json counts = nlohmann::ordered_json::object();     ///< studies by outcome
  std::vector<std::pair<std::string, double>> times_ms;                 ///< by stage, in order
  nlohmann::ordered_json resources = nlohmann::ordered_json::object();  ///< see used_resources; may be empty
  std::vector<std::string> warnings;
  std::vector<std::string> outputs;
  nlohmann::ordered_json earlier_runs = nlohmann::ordered_json::array();  ///< into the same output, oldest first
};

/// What this process and its ended worker processes used: "cpu_s", core seconds of all; "peak_mib" and
/// "peak_worker_mib", resident memory at most of this process and of the largest worker.
nlohmann::ordered_json used_resources();

/// What an earlier run into the same output left to tell in the record at `path`, itself last: when it ran, its
/// version, counts and times. Empty where there is no readable record.
nlohmann::ordered_json earlier_runs(const std::filesystem::path& path);

/// The record as JSON text with a line feed at the end. `grader` tells bundle, device, precision and threads.
std::string run_record_json(const RunRecord& record, const GraderIdentity& grader);

}  // namespace lumbargrade
