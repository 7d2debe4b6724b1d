#include "batch/described_studies.h"

#include <set>

#include "core/error.h"
#include "core/table.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

std::set<std::string> names_of_studies(const Discovery& found) {
  std::set<std::string> names;
  for (const StudyFolder& study : found.studies) names.insert({study.study_id, name_from_path(study.folder)});
  for (const StudyFailure& failure : found.failures) names.insert(failure.study_id);
  return names;
}

}  // namespace

std::string rows_of_unknown_studies(const std::filesystem::path& table_file, const Discovery& found) {
  if (table_file.empty()) return {};
  const std::set<std::string> names = names_of_studies(found);
  const Table table(table_file, ErrorKind::Usage, {"study_id"});
  size_t rows = 0;
  std::set<std::string> unknown;
  for (const TableRow row : table) {
    const std::string id = row.id("study_id");
    if (names.contains(id)) continue;
    unknown.insert(id);
    ++rows;
  }
  if (rows == 0) return {};
  return text(rows, " rows of ", table.name(), " are of ", unknown.size(),
              " studies that the data set does not hold, such as ", *unknown.begin());
}

}  // namespace lumbargrade
