#include "training/grader/label_coordinates.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "core/table.h"
#include "crops/crop.h"

namespace lumbargrade {
namespace {

constexpr std::int64_t kLastInstance = 2147483647;  // of an IS value (PS3.5 6.2)

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

/// The slice of a volume that the table means.
const SliceSource* slice_in(const Volume& volume, const std::string& series_id, int instance_number) {
  for (const SliceSource& source : volume.sources) {
    const bool same_series = std::filesystem::path(source.file).parent_path().filename() == series_id ||
                             volume.series_instance_uid == series_id;
    if (same_series && source.instance_number == instance_number) return &source;
  }
  return nullptr;
}

}  // namespace

LabelledPoint LabelCoordinates::locate(const Study& study, const Finding& finding) const {
  const auto found = points_.find({study.study_id, finding_key(finding)});
  if (found == points_.end()) return {};
  const Point& at = found->second;
  for (const SeriesRole role : {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    for (const Volume* volume : volumes_of(study, role)) {
      const SliceSource* source = slice_in(*volume, at.series_id, at.instance_number);
      if (source == nullptr) continue;
      if (at.column < 0 || at.row < 0 || at.column > volume->columns || at.row > volume->rows) {
        return {std::nullopt, text("x ", at.column, ", y ", at.row, " lies outside the image of ", volume->columns,
                                   " x ", volume->rows)};
      }
      const auto& linear = volume->patient_from_index.linear();
      return {source->position_patient + at.column * Vector3(linear.col(0)) + at.row * Vector3(linear.col(1)), ""};
    }
  }
  return {std::nullopt, text("series ", at.series_id, ", instance ", at.instance_number, " is not used or not there")};
}

std::string coordinate_key(const std::string& condition, const std::string& level) {
  return as_key(condition) + "_" + as_key(level);
}

LabelCoordinates read_label_coordinates(const std::filesystem::path& path) {
  const Table table(path, ErrorKind::Usage,
                    {"study_id", "series_id", "instance_number", "condition", "level", "x", "y"});
  LabelCoordinates result;
  for (const TableRow row : table) {
    const std::string key = coordinate_key(row.field("condition"), row.field("level"));
    if (!is_finding(key)) {
      row.fail(text("unknown condition or level \"", row.field("condition"), "\", \"", row.field("level"), "\""));
    }
    result.points_[{row.word("study_id"), key}] = {row.word("series_id"),
                                                   static_cast<int>(row.integer("instance_number", 0, kLastInstance)),
                                                   row.number("x"), row.number("y")};
  }
  return result;
}

}  // namespace lumbargrade
