#include "training/grader/label_coordinates.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "core/csv.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

/// "Left Neural Foraminal Narrowing" and "L1/L2" as the challenge's keys.
std::string as_key(std::string words) {
  for (char& c : words) {
    c = c == ' ' || c == '/' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

bool is_finding(const std::string& key) {
  return std::any_of(all_findings().begin(), all_findings().end(),
                     [&](const Finding& finding) { return finding_key(finding) == key; });
}

size_t column_named(const CsvTable& table, const std::filesystem::path& path, const char* name) {
  const auto column = table.column(name);
  if (!column) throw Error(ErrorKind::Usage, text(path.string(), " has no column \"", name, "\""));
  return *column;
}

double number(const std::string& field, const std::filesystem::path& path, size_t line) {
  char* end = nullptr;
  const double value = std::strtod(field.c_str(), &end);
  if (field.empty() || *end != '\0' || !std::isfinite(value)) {
    throw Error(ErrorKind::Usage, text(path.string(), " line ", line, ": \"", field, "\" is not a number"));
  }
  return value;
}

/// The slice of a volume that the table means.
const SliceSource* slice_in(const Volume& volume, const std::string& series_id, int instance_number) {
  for (const SliceSource& source : volume.sources) {
    const bool same_series = std::filesystem::path(source.file).parent_path().filename() == series_id ||
                             volume.series_instance_uid == series_id;
    if (same_series && source.instance_number == instance_number) return &source;
  }
  return nullptr;
}

std::vector<const Volume*> all_volumes(const Study& study) {
  std::vector<const Volume*> volumes;
  if (study.sagittal_t1) volumes.push_back(&*study.sagittal_t1);
  if (study.sagittal_t2) volumes.push_back(&*study.sagittal_t2);
  for (const Volume& volume : study.axial_t2) volumes.push_back(&volume);
  return volumes;
}

}  // namespace

LabelledPoint LabelCoordinates::locate(const Study& study, const Finding& finding) const {
  const auto found = points_.find({study.study_id, finding_key(finding)});
  if (found == points_.end()) return {};
  const Point& at = found->second;
  for (const Volume* volume : all_volumes(study)) {
    const SliceSource* source = slice_in(*volume, at.series_id, at.instance_number);
    if (source == nullptr) continue;
    if (at.column < 0 || at.row < 0 || at.column > volume->columns || at.row > volume->rows) {
      return {std::nullopt, text("x ", at.column, ", y ", at.row, " lies outside the image of ", volume->columns, " x ",
                                 volume->rows)};
    }
    const auto& linear = volume->patient_from_index.linear();
    return {source->position_patient + at.column * Vector3(linear.col(0)) + at.row * Vector3(linear.col(1)), ""};
  }
  return {std::nullopt, text("series ", at.series_id, ", instance ", at.instance_number, " is not used or not there")};
}

LabelCoordinates read_label_coordinates(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const size_t study = column_named(table, path, "study_id"), series = column_named(table, path, "series_id"),
               instance = column_named(table, path, "instance_number"),
               condition = column_named(table, path, "condition"), level = column_named(table, path, "level"),
               x = column_named(table, path, "x"), y = column_named(table, path, "y");
  LabelCoordinates result;
  for (size_t k = 0; k < table.rows.size(); ++k) {
    const auto& row = table.rows[k];
    const std::string key = as_key(row[condition]) + "_" + as_key(row[level]);
    if (!is_finding(key)) {
      throw Error(ErrorKind::Usage, text(path.string(), " line ", table.lines[k], ": unknown condition or level \"",
                                         row[condition], "\", \"", row[level], "\""));
    }
    const double instance_number = number(row[instance], path, table.lines[k]);
    result.points_[{row[study], key}] = {row[series], static_cast<int>(std::lround(instance_number)),
                                         number(row[x], path, table.lines[k]), number(row[y], path, table.lines[k])};
  }
  return result;
}

}  // namespace lumbargrade
