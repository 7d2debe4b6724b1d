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

void add_image(const CanalMeasure& canal, const Volume& sagittal, Grade& grade) {
  grade.point_patient = canal.point_patient;
  grade.series_instance_uid = sagittal.series_instance_uid;
  if (canal.slice >= 0 && static_cast<size_t>(canal.slice) < sagittal.sources.size()) {
    grade.sop_instance_uid = sagittal.sources[static_cast<size_t>(canal.slice)].sop_instance_uid;
  }
}

/// What was measured of a finding, as probabilities.
struct MeasuredGrade {
  Probabilities probabilities{};
  double weight = 1;  ///< lambda against the prior
};

std::optional<MeasuredGrade> measured_canal(const LevelFrame& frame, const Volume& sagittal, const GradingModel& model,
                                            Grade& grade) {
  if (!frame.canal || !std::isfinite(frame.canal->diameter_mm)) {
    grade.flags.emplace_back("canal_not_measured");
    return std::nullopt;
  }
  grade.measure_mm = frame.canal->diameter_mm;
  grade.measure_ratio = frame.canal->ratio();
  if (!grade.measure_ratio) grade.flags.emplace_back("no_reference_diameter");
  add_image(*frame.canal, sagittal, grade);
  return MeasuredGrade{canal_probabilities(model.canal, frame.level, *frame.canal), model.canal_weight};
}

std::optional<MeasuredGrade> measured_recess(const LevelFrame& frame, Side side, const Volume& sagittal,
                                             const GradingModel& model, Grade& grade) {
  const auto& recess = side == Side::Left ? frame.recess_left : frame.recess_right;
  if (!model.recess || !recess || !std::isfinite(recess->depth_mm)) return std::nullopt;
  grade.measure_mm = recess->depth_mm;
  grade.point_patient = recess->point_patient;
  grade.series_instance_uid = sagittal.series_instance_uid;
  return MeasuredGrade{recess_probabilities(*model.recess, frame.level, recess->depth_mm), model.recess_weight};
}

std::optional<MeasuredGrade> measured(const Finding& finding, const LevelFrame& frame, const Volume& sagittal,
                                      const GradingModel& model, Grade& grade) {
  switch (finding.condition) {
    case Condition::SpinalCanalStenosis:
      return measured_canal(frame, sagittal, model, grade);
    case Condition::SubarticularStenosis:
      return measured_recess(frame, *finding.side, sagittal, model, grade);
    case Condition::NeuralForaminalNarrowing:
      return std::nullopt;
  }
  return std::nullopt;
}

void add_network_image(const NetworkGrade& network, Grade& grade) {
  grade.point_patient = network.point_patient;
  grade.series_instance_uid = network.series_instance_uid;
  grade.sop_instance_uid = network.sop_instance_uid;
  grade.attention = network.attention;
}

/// Mixes what the network and the measure say, then the prior.
void mix(const std::optional<MeasuredGrade>& measured, const std::optional<NetworkGrade>& network, const HeadMix& head,
         double confidence, Grade& grade) {
  const bool network_counts = network && head.model_weight > 0;
  if (!measured && !network_counts) return;
  const Probabilities prior = grade.probabilities;
  if (!network_counts) {
    grade.source = GradeSource::Measure;
    grade.probabilities = mix_with_prior(measured->probabilities, prior, measured->weight * confidence);
    return;
  }
  const bool both = measured && head.measure_weight > 0;
  grade.source = both ? GradeSource::NetworkAndMeasure : GradeSource::Network;
  const Probabilities seen = both ? mix_with_prior(measured->probabilities, network->probabilities, head.measure_weight)
                                  : network->probabilities;
  grade.probabilities = mix_with_prior(seen, prior, head.model_weight * confidence);
  grade.flags.insert(grade.flags.end(), head.flags.begin(), head.flags.end());
  add_network_image(*network, grade);
}

Grade grade_finding(size_t index, const Spine& spine, const Volume& sagittal, const GradingModel& model,
                    const NetworkGrades& networks) {
  const Finding& finding = all_findings()[index];
  const auto& frame = spine.levels[static_cast<size_t>(index_of(finding.level))];
  Grade grade = prior_grade(finding, model.prior);
  grade.flags = spine.flags;
  grade.level_confidence = frame ? frame->confidence : 0;
  flag_level(frame, grade);
  if (!frame) return grade;
  mix(measured(finding, *frame, sagittal, model, grade), networks[index],
      model.heads[static_cast<size_t>(finding.condition)], frame->confidence, grade);
  return grade;
}

}  // namespace

StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingModel& model,
                           const NetworkGrades& networks) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) grades[i] = grade_finding(i, spine, sagittal, model, networks);
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
