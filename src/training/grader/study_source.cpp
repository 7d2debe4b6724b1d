#include "training/grader/study_source.h"

#include <utility>

#include "pipeline/grade_study.h"

namespace lumbargrade {

StudySource::StudySource(const TrainingFolder& folder, const Grader& grader, std::optional<OutOfFoldPoints> points)
    : folder_(folder), grader_(grader) {
  if (!points) return;
  grader_.find_points = [points = std::move(*points)](const Study& study, Spine& spine) {
    points.put_into(study, spine);
  };
}

PreparedStudy StudySource::read(const std::string& study_id) const {
  StudyOptions options;
  options.threads = 1;
  if (std::filesystem::exists(folder_.series())) options.series_descriptions = folder_.series();
  return prepare_study(folder_.images(study_id), options, grader_.locate);
}

Spine StudySource::spine(const PreparedStudy& prepared) const {
  return spine_with_points(prepared, grader_);
}

}  // namespace lumbargrade
