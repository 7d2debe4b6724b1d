#include "grades/grading.h"

#include <cmath>

namespace lumbargrade {
namespace {

Grade prior_grade(const Finding& finding, const Prior& prior) {
  Grade grade;
  grade.finding = finding;
  grade.probabilities = prior_of(prior, finding);
  return grade;
}

void flag_level(const std::optional<LevelFrame>& frame, Grade& grade) {
  if (!frame) {
    grade.flags.emplace_back("level_not_found");
  } else if (frame->confidence < kUncertainBelow) {
    grade.flags.emplace_back("level_uncertain");
  }
}

void add_image(const LevelFrame& frame, const Volume& sagittal, Grade& grade) {
  grade.point_patient = frame.canal_patient.value_or(frame.centre_patient);
  grade.series_instance_uid = sagittal.series_instance_uid;
  if (frame.slice >= 0 && static_cast<size_t>(frame.slice) < sagittal.sources.size()) {
    grade.sop_instance_uid = sagittal.sources[static_cast<size_t>(frame.slice)].sop_instance_uid;
  }
}

void grade_canal(const LevelFrame& frame, const Volume& sagittal, const GradingModel& model, Grade& grade) {
  if (!frame.canal || !std::isfinite(frame.canal->diameter_mm)) {
    grade.flags.emplace_back("canal_not_measured");
    return;
  }
  const Probabilities measured = canal_probabilities(model.canal, frame.level, *frame.canal);
  grade.probabilities = mix_with_prior(measured, grade.probabilities, model.canal_weight * frame.confidence);
  grade.source = GradeSource::Measure;
  grade.measure_mm = frame.canal->diameter_mm;
  grade.measure_ratio = frame.canal->ratio();
  if (!grade.measure_ratio) grade.flags.emplace_back("no_reference_diameter");
  add_image(frame, sagittal, grade);
}

Grade grade_finding(const Finding& finding, const Spine& spine, const Volume& sagittal, const GradingModel& model) {
  const auto& frame = spine.levels[index_of(finding.level)];
  Grade grade = prior_grade(finding, model.prior);
  grade.flags = spine.flags;
  grade.level_confidence = frame ? frame->confidence : 0;
  flag_level(frame, grade);
  if (frame && finding.condition == Condition::SpinalCanalStenosis) grade_canal(*frame, sagittal, model, grade);
  return grade;
}

}  // namespace

StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingModel& model) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) grades[i] = grade_finding(all_findings()[i], spine, sagittal, model);
  return grades;
}

StudyGrades prior_grades(const Prior& prior, const std::string& reason) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) {
    grades[i] = prior_grade(all_findings()[i], prior);
    grades[i].flags.push_back(reason);
  }
  return grades;
}

}  // namespace lumbargrade
