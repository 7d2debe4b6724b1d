#include "training/grader/study_source.h"

#include "pipeline/evidence.h"

namespace lumbargrade {

PreparedStudy StudySource::read(const std::string& study_id) const {
  StudyOptions options;
  options.threads = 1;
  if (std::filesystem::exists(folder_.series())) options.series_descriptions = folder_.series();
  return prepare_study(folder_.images(study_id), options, grader_.locate);
}

Spine StudySource::spine(const PreparedStudy& prepared) const {
  Spine spine = located_spine(prepared, grader_.locate);
  weigh_evidence(prepared.sagittal_volume(), spine);
  return spine;
}

}  // namespace lumbargrade
