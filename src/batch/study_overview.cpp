#include "batch/study_overview.h"

#include <array>

#include "batch/study_summary.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"

namespace lumbargrade {
namespace {

constexpr std::array kRoles = {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2};
constexpr std::array kRoleColumns = {"",      "_slices",    "_blocks", "_columns",
                                     "_rows", "_column_mm", "_row_mm", "_slice_mm"};

std::vector<std::string> make_series_columns() {
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

}  // namespace

const std::vector<std::string>& series_columns() {
  static const std::vector<std::string> columns = make_series_columns();
  return columns;
}

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

std::vector<std::string> empty_overview_cells() {
  return std::vector<std::string>(overview_columns().size());
}

}  // namespace lumbargrade
