#include "batch/result_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "batch/study_summary.h"
#include "core/error.h"
#include "core/files.h"
#include "core/finding.h"
#include "core/sha256.h"
#include "report/grades_csv.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kHashMark = "#sha256 ";
constexpr size_t kHashLine = 8 + 64 + 1;
constexpr std::uintmax_t kLargestResult = std::uintmax_t{1} << 24;  // bytes: warnings are bounded far below

[[noreturn]] void fail_as_damaged(const fs::path& path) {
  throw Error(ErrorKind::Failure, text(path.string(), " is damaged; run the batch again, it grades that study anew"));
}

/// What the hash has been taken of.
std::string checked_content(const fs::path& path) {
  auto content = file_text(path, kLargestResult);
  if (!content) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  if (content->size() < kHashLine) fail_as_damaged(path);
  const std::string hash_line = content->substr(content->size() - kHashLine);
  content->resize(content->size() - kHashLine);
  if (hash_line != text(kHashMark, sha256_of_bytes(*content), "\n")) fail_as_damaged(path);
  return std::move(*content);
}

ResultRecord record_from(const Json& json) {
  ResultRecord record{json.at("study_id"), json.at("input"), json.at("summary")};
  if (record.summary.size() != study_summary_columns().size()) throw Error(ErrorKind::Failure, "of another version");
  return record;
}

bool is_whole(const StudyResultFile& result, const std::string& study_id) {
  const auto& rows = result.grades.rows;
  return result.record.study_id == study_id && result.grades.header == grades_csv_columns() &&
         rows.size() == kFindingCount;
}

std::string line_for(const fs::path& file, const fs::path& folder) {
  struct stat status {};
  const std::string name = file.lexically_relative(folder).string();
  if (stat(file.c_str(), &status) != 0) return text(name.size(), ":", name, " is not there\n");
  return text(name.size(), ":", name, " ", status.st_size, " ", status.st_mtim.tv_sec, "\n");
}

/// Those that `load_study` reads, and perhaps others.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code problem;
  fs::recursive_directory_iterator entry(folder, problem), end;
  while (!problem && entry != end) {
    std::error_code unknown;
    if (!entry->is_directory(unknown) && !entry->path().filename().string().starts_with(".")) {
      files.push_back(entry->path());
    }
    entry.increment(problem);
  }
  return files;
}

}  // namespace

std::string result_file_text(const std::string& grades_csv, const ResultRecord& record) {
  const Json json = {{"study_id", record.study_id}, {"input", record.input_fingerprint}, {"summary", record.summary}};
  const std::string content = text(grades_csv, "#", json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
  return text(content, kHashMark, sha256_of_bytes(content), "\n");
}

StudyResultFile read_result_file(const fs::path& path, const std::string& study_id) {
  const std::string content = checked_content(path);
  const size_t record_line = content.rfind("\n#{");
  if (record_line == std::string::npos) fail_as_damaged(path);
  const Json json = Json::parse(content.substr(record_line + 2), nullptr, false);
  try {
    StudyResultFile result{parse_csv(content.substr(0, record_line + 1), path.string()), record_from(json)};
    if (is_whole(result, study_id)) return result;
  } catch (const Error&) {
  } catch (const Json::exception&) {
  }
  fail_as_damaged(path);
}

std::string input_fingerprint(const StudyFolder& study) {
  std::error_code ignored;
  std::vector<fs::path> files = study.files;
  if (files.empty())
    files = fs::is_directory(study.folder, ignored) ? files_below(study.folder) : std::vector{study.folder};
  std::sort(files.begin(), files.end());
  std::string lines;
  for (const fs::path& file : files) lines += line_for(file, study.folder);
  return sha256_of_bytes(lines);
}

}  // namespace lumbargrade
