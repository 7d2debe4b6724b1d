#include "batch/study_summary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "batch/study_overview.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

constexpr size_t kLongestWarning = 2000;                // bytes
constexpr size_t kMostWarningText = size_t{256} << 10;  // bytes, of one study

std::vector<std::string> make_summary_columns() {
  std::vector<std::string> columns = {"study_id", "study_instance_uid", "status"};
  columns.insert(columns.end(), series_columns().begin(), series_columns().end());
  for (const char* column : {"levels", "flags", "warnings", "read_ms", "levels_ms", "grade_ms", "reason"}) {
    columns.emplace_back(column);
  }
  return columns;
}

/// "L1/L2 0.98 L2/L3 0.97"
std::string levels_cell(const Spine& spine) {
  std::vector<std::string> levels;
  for (const auto& frame : spine.levels) {
    if (frame) levels.push_back(text(level_name(frame->level), " ", fixed_decimals(frame->confidence, 2)));
  }
  return joined(levels, " ");
}

/// Of the spine and of every row, each once, in the order in which they occur.
std::string flags_cell(const StudyResult& result) {
  std::vector<std::string> seen;
  const auto add = [&](const std::vector<std::string>& flags) {
    for (const std::string& flag : flags) {
      if (std::find(seen.begin(), seen.end(), flag) == seen.end()) seen.push_back(flag);
    }
  };
  add(result.spine.flags);
  for (const Grade& grade : result.grades) add(grade.flags);
  return joined(seen, " ");
}

std::string milliseconds(double value) {
  return std::to_string(std::lround(value));
}

}  // namespace

const std::vector<std::string>& study_summary_columns() {
  static const std::vector<std::string> columns = make_summary_columns();
  return columns;
}

std::vector<std::string> summary_cells(const std::string& study_id, const StudyResult& result) {
  std::vector<std::string> cells = {study_id, result.study_instance_uid, "graded"};
  for (std::string& cell : series_cells(result.series)) cells.push_back(std::move(cell));
  for (const std::string& cell :
       {levels_cell(result.spine), flags_cell(result), joined(bounded_warnings(result.warnings), "; "),
        milliseconds(result.times.read_ms), milliseconds(result.times.levels_ms), milliseconds(result.times.grade_ms),
        std::string()}) {
    cells.push_back(cell);
  }
  return cells;
}

std::vector<std::string> summary_cells(const StudyFailure& failure) {
  std::vector<std::string> cells(study_summary_columns().size());
  cells.front() = failure.study_id;
  cells[2] = "failed";
  cells.back() = text(failure.stage, ": ", failure.reason);
  return cells;
}

std::vector<std::string> bounded_warnings(const std::vector<std::string>& warnings) {
  std::vector<std::string> kept;
  size_t bytes = 0;
  for (const std::string& warning : warnings) {
    std::string clean = printable(std::string_view(warning).substr(0, kLongestWarning));
    if (warning.size() > kLongestWarning) clean += text(" ... (", warning.size(), " bytes)");
    bytes += clean.size();
    if (bytes > kMostWarningText) {
      kept.push_back(text("and ", warnings.size() - kept.size(), " more warnings"));
      break;
    }
    kept.push_back(std::move(clean));
  }
  return kept;
}

}  // namespace lumbargrade
