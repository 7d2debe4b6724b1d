#include "batch/index.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "batch/result_store.h"
#include "core/atomic_file.h"
#include "core/flags.h"
#include "core/table.h"
#include "pipeline/stopwatch.h"
#include "report/index_page.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

using StudiesById = std::map<std::string, IndexedStudy>;

/// Place in all_findings() by condition, side and level as a table writes them.
std::map<std::string, size_t> finding_places() {
  std::map<std::string, size_t> places;
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& finding = all_findings()[k];
    places[text(condition_key(finding.condition), " ", finding.side ? side_name(*finding.side) : "", " ",
                level_name(finding.level))] = k;
  }
  return places;
}

Severity severity_from(const TableRow& row) {
  for (const Severity severity : {Severity::NormalMild, Severity::Moderate, Severity::Severe}) {
    if (severity_key(severity) == row.word("grade")) return severity;
  }
  row.fail("the grade is none");
}

void add_flags(const std::string& words, IndexedStudy& study) {
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    const bool is_known = std::find(study.flags.begin(), study.flags.end(), word) != study.flags.end();
    if (word != flags::kResearchUseOnly.word && !is_known) study.flags.push_back(word);
  }
}

void add_row(const TableRow& row, const std::map<std::string, size_t>& places, StudiesById& studies) {
  const std::string& id = row.word("study_id");
  const auto [entry, is_new] = studies.try_emplace(id);
  IndexedStudy& study = entry->second;
  if (is_new) {
    study.study_id = id;
    study.folder = report_folder_of(id);
    study.mean_probability = 0;
  }
  const auto place = places.find(row.word("condition") + " " + row.field("side") + " " + row.word("level"));
  if (place == places.end()) row.fail("the finding is none");
  study.grades[place->second] = severity_from(row);
  study.least_level_confidence = std::min(study.least_level_confidence, row.number("level_confidence", 0, 1));
  const double given =
      std::max({row.number("normal_mild", 0, 1), row.number("moderate", 0, 1), row.number("severe", 0, 1)});
  study.mean_probability += given / kFindingCount;
  add_flags(row.field("flags"), study);
}

void add_warnings(const fs::path& file, StudiesById& studies) {
  const Table table(file, ErrorKind::Failure, {"study_id", "warnings"});
  for (const TableRow row : table) {
    const auto study = studies.find(row.word("study_id"));
    if (study != studies.end() && !row.field("warnings").empty())
      study->second.warnings.push_back(row.field("warnings"));
  }
}

std::vector<IndexedFailure> failures_in(const fs::path& file) {
  std::vector<IndexedFailure> failures;
  const Table table(file, ErrorKind::Failure, {"study_id", "stage", "reason"});
  for (const TableRow row : table) failures.push_back({row.word("study_id"), row.field("stage"), row.field("reason")});
  return failures;
}

}  // namespace

std::string report_folder_of(const std::string& study_id) {
  return text(kReportsFolder, "/", file_name_for(study_id));
}

void write_index(const fs::path& output, const std::string& program) {
  StudiesById studies;
  const auto places = finding_places();
  const Table grades(output / "grades.csv", ErrorKind::Failure,
                     {"study_id", "condition", "side", "level", "normal_mild", "moderate", "severe", "grade",
                      "level_confidence", "flags"});
  for (const TableRow row : grades) add_row(row, places, studies);
  add_warnings(output / "studies.csv", studies);
  std::vector<IndexedStudy> listed;
  for (auto& [id, study] : studies) listed.push_back(std::move(study));
  write_file_atomically(output / "index.html",
                        index_page(std::move(listed), failures_in(output / "failures.csv"), utc_timestamp(), program));
}

}  // namespace lumbargrade
