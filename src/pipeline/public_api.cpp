#include "lumbargrade/lumbargrade.h"
#include "pipeline/load_grader.h"

namespace lumbargrade {
namespace {

GradeRow public_row(const Grade& grade) {
  GradeRow row;
  row.condition = condition_key(grade.finding.condition);
  if (grade.finding.side) row.side = side_name(*grade.finding.side);
  row.level = level_name(grade.finding.level);
  row.normal_mild = grade.probabilities[0];
  row.moderate = grade.probabilities[1];
  row.severe = grade.probabilities[2];
  row.grade = severity_key(most_probable(grade.probabilities));
  row.source = source_name(grade.source);
  row.level_confidence = grade.level_confidence;
  row.series_instance_uid = grade.series_instance_uid;
  row.sop_instance_uid = grade.sop_instance_uid;
  if (const auto& point = grade.point_patient) row.point_mm = {point->x(), point->y(), point->z()};
  for (const Measure measure : kMeasures) {
    const auto& measured = grade.measured[measure];
    if (measured) row.measures.push_back({std::string(measure_name(measure)), measured->value, measured->z});
  }
  for (const Measure measure : grade.decided_by) row.decided_by.emplace_back(measure_name(measure));
  row.flags = grade.flags;
  return row;
}

GraderOptions options_from(const GraderSettings& settings) {
  GraderOptions options;
  if (!settings.bundle.empty()) options.bundle = settings.bundle;
  options.device = settings.device;
  options.threads = settings.threads;
  options.lowest_disc = settings.lowest_disc;
  return options;
}

}  // namespace

struct StudyGrader::State {
  LoadedGrader loaded;
};

StudyGrader::StudyGrader(const GraderSettings& settings)
    : state_(std::make_unique<State>(State{load_grader(options_from(settings))})) {}
StudyGrader::~StudyGrader() = default;
StudyGrader::StudyGrader(StudyGrader&&) noexcept = default;
StudyGrader& StudyGrader::operator=(StudyGrader&&) noexcept = default;

GradedStudy StudyGrader::grade(const std::string& study_folder) const {
  const StudyResult result = read_and_grade(study_folder, {}, state_->loaded.grader).result;
  GradedStudy graded{result.study_id, result.study_instance_uid, {}, result.warnings};
  for (const Grade& grade : result.grades) graded.rows.push_back(public_row(grade));
  return graded;
}

}  // namespace lumbargrade
