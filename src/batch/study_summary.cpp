#include "batch/study_summary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "core/printable_text.h"

namespace lumbargrade {
namespace {

constexpr size_t kLongestWarning = 2000;                // bytes
constexpr size_t kMostWarningText = size_t{256} << 10;  // bytes, of one study

constexpr std::array kRoles = {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2};
constexpr std::array kRoleColumns = {"",      "_slices",    "_blocks", "_columns",
                                     "_rows", "_column_mm", "_row_mm", "_slice_mm"};

/// Which series of a study are used: the roles; per role the series, its slices, blocks, matrix and spacing in mm; how
/// many series and files.
std::vector<std::string> series_columns() {
  std::vector<std::string> columns = {"roles"};
  for (SeriesRole role : kRoles) {
    for (const char* column : kRoleColumns) columns.push_back(text(role_name(role), column));
  }
  for (const char* column : {"series", "files"}) columns.emplace_back(column);
  return columns;
}

/// What one role's series hold together.
struct RoleContent {
  std::vector<std::string> names;
  int slices = 0;
  int blocks = 0;
  const BlockSummary* first = nullptr;
};

RoleContent content_of(const std::vector<SeriesSummary>& all, SeriesRole role) {
  RoleContent content;
  for (const SeriesSummary& series : all) {
    if (series.role != role || !series.used) continue;
    content.names.push_back(series.name);
    for (const BlockSummary& block : series.blocks) {
      if (!block.used) continue;
      content.slices += block.slices;
      ++content.blocks;
      if (content.first == nullptr) content.first = &block;
    }
  }
  return content;
}

std::vector<std::string> role_cells(const RoleContent& content) {
  if (content.first == nullptr) return std::vector<std::string>(kRoleColumns.size());
  const Vector3 spacing = spacing_mm(content.first->patient_from_index);
  return {joined(content.names, "; "),         std::to_string(content.slices),
          std::to_string(content.blocks),      std::to_string(content.first->columns),
          std::to_string(content.first->rows), fixed_decimals(spacing.x(), 3),
          fixed_decimals(spacing.y(), 3),      fixed_decimals(spacing.z(), 3)};
}

/// The cells in these columns; those of a role that was not found are empty. Several series of one role are parted by
/// "; "; slices and blocks are their sums, matrix and spacing those of the first block.
std::vector<std::string> series_cells(const std::vector<SeriesSummary>& all) {
  std::vector<std::string> roles;
  std::vector<std::string> cells = {""};
  int files = 0;
  for (SeriesRole role : kRoles) {
    const RoleContent content = content_of(all, role);
    if (content.first != nullptr) roles.emplace_back(role_name(role));
    for (std::string& cell : role_cells(content)) cells.push_back(std::move(cell));
  }
  for (const SeriesSummary& series : all) files += series.files;
  cells.front() = joined(roles, " ");
  cells.push_back(std::to_string(all.size()));
  cells.push_back(std::to_string(files));
  return cells;
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
  static const std::vector<std::string> columns = [] {
    std::vector<std::string> names = {"study_id", "study_instance_uid", "status"};
    for (std::string& column : series_columns()) names.push_back(std::move(column));
    for (const char* column : {"levels", "flags", "warnings", "read_ms", "levels_ms", "grade_ms", "reason"}) {
      names.emplace_back(column);
    }
    return names;
  }();
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

const std::vector<std::string>& overview_columns() {
  static const std::vector<std::string> columns = [] {
    std::vector<std::string> names = series_columns();
    names.emplace_back("warnings");
    return names;
  }();
  return columns;
}

std::vector<std::string> overview_cells(const Study& study) {
  std::vector<std::string> cells = series_cells(study.series);
  cells.push_back(joined(bounded_warnings(study.warnings), "; "));
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
