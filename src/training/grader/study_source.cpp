#include "training/grader/study_source.h"

#include <map>
#include <utility>

#include "core/table.h"
#include "crops/crop.h"
#include "training/grader/label_coordinates.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// Puts the points of a table into a study's located levels.
std::function<void(const Study& study, Spine& spine)> points_from(const fs::path& path, double least_confidence) {
  const LabelCoordinates points = read_label_coordinates(path);
  std::map<std::pair<std::string, std::string>, double> confidences;  // by study id and finding key
  const Table table(path, ErrorKind::Usage, {"study_id", "condition", "level", "confidence"});
  for (const TableRow row : table) {
    confidences[{row.word("study_id"), coordinate_key(row.field("condition"), row.field("level"))}] =
        row.number("confidence");
  }
  return [=](const Study& study, Spine& spine) {
    for (const Finding& finding : all_findings()) {
      auto& frame = spine.levels[index_of(finding.level)];
      const auto confidence = confidences.find({study.study_id, finding_key(finding)});
      if (!frame || confidence == confidences.end() || confidence->second < least_confidence) continue;
      const auto point = points.locate(study, finding).point_patient;
      if (!point) continue;
      found_point(frame->points, anchor_of(finding.condition), finding.side) = {*point, confidence->second};
    }
  };
}

}  // namespace

StudySource::StudySource(const TrainingFolder& folder, const Grader& grader, const fs::path& points)
    : folder_(folder), grader_(grader) {
  const auto& spec = grader.model.points;
  if (!points.empty()) grader_.find_points = points_from(points, spec ? spec->least_confidence : 0);
}

PreparedStudy StudySource::read(const std::string& study_id, int threads) const {
  StudyOptions options;
  options.threads = threads;
  if (fs::exists(folder_.series())) options.series_descriptions = folder_.series();
  return prepare_study(folder_.images(study_id), options, grader_.locate);
}

Spine StudySource::spine(const PreparedStudy& prepared) const {
  return spine_with_points(prepared, grader_);
}

}  // namespace lumbargrade
