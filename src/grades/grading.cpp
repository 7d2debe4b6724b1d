#include "grades/grading.h"

#include <cmath>

#include "core/flags.h"

namespace lumbargrade {
namespace {

Grade prior_grade(const Finding& finding, const PriorTable& prior) {
  Grade grade;
  grade.finding = finding;
  grade.probabilities = prior_of(prior, finding);
  return grade;
}

void flag_level(const std::optional<LevelFrame>& frame, Grade& grade) {
  if (!frame) {
    grade.flags.emplace_back(flags::kLevelNotFound.word);
  } else if (frame->confidence < kUncertainBelow) {
    grade.flags.emplace_back(flags::kLevelUncertain.word);
  }
}

bool has_diameter(const LevelFrame& frame) {
  return frame.canal && std::isfinite(frame.canal->diameter_mm);
}

const std::optional<RecessMeasure>& recess_of(const LevelFrame& frame, Side side) {
  return side == Side::Left ? frame.recess_left : frame.recess_right;
}

/// The number that a finding is graded by; nothing where it was not measured.
std::optional<Measured> measured_of(const Finding& finding, const LevelFrame& frame,
                                    const std::optional<ForamenMeasure>& foramen) {
  switch (finding.condition) {
    case Condition::SpinalCanalStenosis:
      if (has_diameter(frame)) return Measured{frame.canal->diameter_mm, frame.canal->reference_mm};
      break;
    case Condition::SubarticularStenosis: {
      const auto& recess = recess_of(frame, *finding.side);
      if (recess && std::isfinite(recess->depth_mm)) return Measured{recess->depth_mm, std::nullopt};
      break;
    }
    case Condition::NeuralForaminalNarrowing:
      if (foramen) return Measured{foramen->fat_share, std::nullopt};
      break;
  }
  return std::nullopt;
}

void add_image(const CanalMeasure& canal, const Volume& sagittal, Grade& grade) {
  grade.point_patient = canal.point_patient;
  grade.series_instance_uid = sagittal.series_instance_uid;
  if (canal.slice >= 0 && static_cast<size_t>(canal.slice) < sagittal.sources.size()) {
    grade.sop_instance_uid = sagittal.sources[static_cast<size_t>(canal.slice)].sop_instance_uid;
  }
}

/// Fills in what was measured, and where.
void add_canal_measure(const LevelFrame& frame, const Volume& sagittal, Grade& grade) {
  if (!has_diameter(frame)) {
    grade.flags.emplace_back(flags::kCanalNotMeasured.word);
    return;
  }
  grade.measure_mm = frame.canal->diameter_mm;
  grade.measure_ratio = frame.canal->ratio();
  if (!grade.measure_ratio) grade.flags.emplace_back(flags::kNoReferenceDiameter.word);
  add_image(*frame.canal, sagittal, grade);
}

void add_recess_measure(const RecessMeasure& recess, const Volume& sagittal, Grade& grade) {
  grade.measure_mm = recess.depth_mm;
  grade.point_patient = recess.point_patient;
  grade.series_instance_uid = sagittal.series_instance_uid;
}

void add_foramen_measure(const ForamenMeasure& foramen, Grade& grade) {
  grade.measure_ratio = foramen.fat_share;
  grade.point_patient = foramen.point_patient;
  grade.series_instance_uid = foramen.series_instance_uid;
  grade.sop_instance_uid = foramen.sop_instance_uid;
}

/// Where something was measured, the row's point and image are the measure's.
void add_network_image(const NetworkGrade& network, Grade& grade) {
  grade.attention = network.attention;
  if (grade.point_patient) return;
  grade.point_patient = network.point_patient;
  grade.series_instance_uid = network.series_instance_uid;
  grade.sop_instance_uid = network.sop_instance_uid;
}

GradeSource source_of(bool network, bool measured, const ConditionMix& head) {
  if (network && measured && head.measure_weight > 0) return GradeSource::NetworkAndMeasure;
  if (network) return GradeSource::Network;
  return measured ? GradeSource::Measure : GradeSource::Prior;
}

/// What was seen of one finding besides the spine.
struct Seen {
  const std::optional<NetworkGrade>& network;
  const std::optional<ForamenMeasure>& foramen;
};

Grade grade_finding(const Finding& finding, const Spine& spine, const Volume& sagittal, const GradingModel& model,
                    const Seen& seen) {
  const auto& frame = spine.levels[static_cast<size_t>(index_of(finding.level))];
  Grade grade = prior_grade(finding, model.prior);
  grade.flags = spine.flags;
  grade.level_confidence = frame ? frame->confidence : 0;
  flag_level(frame, grade);
  if (!frame) return grade;
  const auto measured = measured_grade(finding, *frame, seen.foramen, model);
  switch (finding.condition) {
    case Condition::SpinalCanalStenosis:
      add_canal_measure(*frame, sagittal, grade);
      break;
    case Condition::SubarticularStenosis:
      if (measured) add_recess_measure(*recess_of(*frame, *finding.side), sagittal, grade);
      break;
    case Condition::NeuralForaminalNarrowing:
      if (measured) add_foramen_measure(*seen.foramen, grade);
      break;
  }
  const ConditionMix& head = model.heads[static_cast<size_t>(finding.condition)];
  const bool network_counts = seen.network && head.model_weight > 0;
  const auto by_network = network_counts ? std::optional(seen.network->probabilities) : std::nullopt;
  grade.probabilities = mixed_grade(by_network, measured, head, grade.probabilities, frame->confidence);
  grade.source = source_of(network_counts, measured.has_value(), head);
  if (!network_counts) return grade;
  grade.flags.insert(grade.flags.end(), head.flags.begin(), head.flags.end());
  add_network_image(*seen.network, grade);
  return grade;
}

}  // namespace

std::optional<MeasuredGrade> measured_grade(const Finding& finding, const LevelFrame& frame,
                                            const std::optional<ForamenMeasure>& foramen, const GradingModel& model) {
  const auto& measure = model.measure(finding.condition);
  const auto measured = measured_of(finding, frame, foramen);
  if (!measure || !measured) return std::nullopt;
  return MeasuredGrade{measured_probabilities(*measure, frame.level, *measured), measure->model_weight};
}

Probabilities mixed_grade(const std::optional<Probabilities>& network, const std::optional<MeasuredGrade>& measured,
                          const ConditionMix& head, const Probabilities& prior, double confidence) {
  const auto by_network = [&] { return mix_with_prior(*network, prior, head.model_weight * confidence); };
  const auto by_measure = [&] { return mix_with_prior(measured->probabilities, prior, measured->weight * confidence); };
  if (network && measured) return mix_with_prior(by_measure(), by_network(), head.measure_weight);
  if (network) return by_network();
  return measured ? by_measure() : prior;
}

StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingModel& model,
                           const NetworkGrades& networks, const ForamenMeasures& foramina) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) {
    grades[i] = grade_finding(all_findings()[i], spine, sagittal, model, {networks[i], foramina[i]});
  }
  return grades;
}

StudyGrades prior_grades(const PriorTable& prior, const std::string& reason) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) {
    grades[i] = prior_grade(all_findings()[i], prior);
    grades[i].flags.push_back(reason);
  }
  return grades;
}

}  // namespace lumbargrade
