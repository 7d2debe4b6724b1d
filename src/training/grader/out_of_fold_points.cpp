#include "training/grader/out_of_fold_points.h"

#include "core/error.h"
#include "core/table.h"

namespace lumbargrade {
namespace {

std::optional<FoundPoint>& place_in(FoundPoints& points, const Finding& finding) {
  if (finding.condition == Condition::SpinalCanalStenosis) return points.canal;
  const auto side = static_cast<size_t>(index_of(*finding.side));
  return finding.condition == Condition::NeuralForaminalNarrowing ? points.foramina[side] : points.recesses[side];
}

}  // namespace

OutOfFoldPoints::OutOfFoldPoints(const std::filesystem::path& path, double least_confidence)
    : points_(read_label_coordinates(path)), least_confidence_(least_confidence) {
  const Table table(path, ErrorKind::Usage, {"study_id", "condition", "level", "confidence"});
  for (const TableRow row : table) {
    confidence_[{row.word("study_id"), coordinate_key(row.field("condition"), row.field("level"))}] =
        row.number("confidence");
  }
}

void OutOfFoldPoints::put_into(const Study& study, Spine& spine) const {
  for (const Finding& finding : all_findings()) {
    auto& frame = spine.levels[index_of(finding.level)];
    const auto confidence = confidence_.find({study.study_id, finding_key(finding)});
    if (!frame || confidence == confidence_.end() || confidence->second < least_confidence_) continue;
    const auto point = points_.locate(study, finding).point_patient;
    if (point) place_in(frame->points, finding) = FoundPoint{*point, confidence->second};
  }
}

}  // namespace lumbargrade
