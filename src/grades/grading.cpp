#include "grades/grading.h"

#include <algorithm>
#include <cmath>

#include "bundle/measure_keys.h"
#include "core/flags.h"

namespace lumbargrade {
namespace {

Grade prior_grade(const Finding& finding, const PriorTable& prior) {
  Grade grade;
  grade.finding = finding;
  grade.probabilities = prior_of(prior, finding);
  grade.contributions = {{GradeSource::Prior, 1, grade.probabilities}};
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

size_t place_of(const Finding& finding) {
  return static_cast<size_t>(std::find(all_findings().begin(), all_findings().end(), finding) - all_findings().begin());
}

const std::optional<AxialMeasure>& axial_of(const Finding& finding, const StudyMeasures& measures) {
  return measures.axial[index_of(finding.level)];
}

/// Where a row's measure was taken, and in which image.
void add_image(const Vector3& point_patient, const std::string& series_uid, const std::string& sop_uid, Grade& grade) {
  grade.point_patient = point_patient;
  grade.point_origin = {PointSource::Measure};
  grade.series_instance_uid = series_uid;
  grade.sop_instance_uid = sop_uid;
}

void add_image(const Vector3& point_patient, int slice, const Volume& sagittal, Grade& grade) {
  const bool is_there = slice >= 0 && static_cast<size_t>(slice) < sagittal.sources.size();
  add_image(point_patient, sagittal.series_instance_uid,
            is_there ? sagittal.sources[static_cast<size_t>(slice)].sop_instance_uid : "", grade);
}

/// The image of the measure that decided.
void add_measure_image(Measure measure, const LevelFrame& frame, const Volume& sagittal, const StudyMeasures& measures,
                       Grade& grade) {
  const Finding& finding = grade.finding;
  if (measure == Measure::RecessArea) {
    const AxialMeasure& axial = *axial_of(finding, measures);
    add_image(axial.recess(*finding.side).point_patient, axial.series_instance_uid, axial.sop_instance_uid, grade);
  } else if (measure == Measure::RecessDepth) {
    const RecessMeasure& recess = *recess_of(frame, *finding.side);
    add_image(recess.point_patient, recess.slice, sagittal, grade);
  } else if (measure == Measure::ForamenFatShare) {
    const ForamenMeasure& foramen = *measures.foramina[place_of(finding)];
    add_image(foramen.point_patient, foramen.series_instance_uid, foramen.sop_instance_uid, grade);
    grade.point_origin = foramen.origin;
  } else {
    add_image(frame.canal->point_patient, frame.canal->slice, sagittal, grade);
  }
}

std::optional<double> z_score(Measure measure, Level level, double value, const GradingSpec& model) {
  const auto& sample = model.reference_samples[index_of(measure)];
  if (!sample) return std::nullopt;
  const auto& norm = sample->levels[index_of(level)];
  if (!norm || norm->sd <= 0) return std::nullopt;
  return (value - norm->mean) / norm->sd;
}

void add_measures(const FindingMeasures& measures, const GradingSpec& model, Grade& grade) {
  for (const Measure measure : kMeasures) {
    const auto& measured = measures[index_of(measure)];
    if (!measured) continue;
    const double value = measured->value;
    grade.measured[measure] = MeasuredValue{value, z_score(measure, grade.finding.level, value, model)};
  }
}

void flag_canal(const LevelFrame& frame, Grade& grade) {
  if (grade.finding.condition != Condition::SpinalCanalStenosis) return;
  if (!has_diameter(frame)) {
    grade.flags.emplace_back(flags::kCanalNotMeasured.word);
  } else if (!frame.canal->ratio()) {
    grade.flags.emplace_back(flags::kNoReferenceDiameter.word);
  }
}

/// The measures that went into the model of `measure`.
std::vector<Measure> deciding(Measure measure, const FindingMeasures& measures, const GradingSpec& model) {
  const bool has_reference = model.measure(measure)->reference_exponent != 0 && measures[index_of(measure)]->reference;
  if (measure == Measure::CanalFluidRatio && has_reference) return {measure, Measure::CanalAp};
  if (measure == Measure::CanalAp && has_reference) return {measure, Measure::CanalRatio};
  return {measure};
}

/// Where something was measured, the row's point and image are the measure's.
void add_network_image(const NetworkGrade& network, Grade& grade) {
  grade.attention = network.attention;
  if (grade.point_patient) return;
  grade.point_patient = network.point_patient;
  grade.point_origin = network.origin;
  grade.series_instance_uid = network.series_instance_uid;
  grade.sop_instance_uid = network.sop_instance_uid;
}

/// With the usual weights where the bundle says nothing of the condition.
const ConditionSpec& mix_of(Condition condition, const GradingSpec& model) {
  static const ConditionSpec kUsual;
  const ConditionSpec* own = model.condition(condition);
  return own == nullptr ? kUsual : *own;
}

GradeSource source_of(bool network, bool measured, const ConditionSpec& mix) {
  if (network && measured && mix.measure_weight > 0) return GradeSource::NetworkAndMeasure;
  if (network) return GradeSource::Network;
  return measured ? GradeSource::Measure : GradeSource::Prior;
}

bool any_contradicts_prior(const Finding& finding, const FindingMeasures& measures, const GradingSpec& model) {
  return std::any_of(kMeasureKeys.begin(), kMeasureKeys.end(), [&](const MeasureKey& key) {
    const auto& measure = model.measure(key.measure);
    const auto& measured = measures[index_of(key.measure)];
    return key.condition == finding.condition && measure && measured &&
           contradicts_prior(*measure, finding.level, *measured);
  });
}

/// Without what is told only: cut-points of the share of fat rest on T1.
FindingMeasures gradable(const Finding& finding, FindingMeasures measured, const StudyMeasures& measures) {
  const auto& foramen = measures.foramina[place_of(finding)];
  if (foramen && foramen->on_t2) measured[index_of(Measure::ForamenFatShare)].reset();
  return measured;
}

Grade grade_finding(const Finding& finding, const Spine& spine, const Volume& sagittal, const GradingSpec& model,
                    const std::optional<NetworkGrade>& network, const StudyMeasures& measures) {
  const auto& frame = spine.levels[index_of(finding.level)];
  Grade grade = prior_grade(finding, model.prior);
  grade.flags = spine.flags;
  grade.level_confidence = frame ? frame->confidence : 0;
  flag_level(frame, grade);
  if (!frame) return grade;
  const FindingMeasures own = finding_measures(finding, *frame, measures);
  add_measures(own, model, grade);
  flag_canal(*frame, grade);
  const auto measured = measured_grade(finding, gradable(finding, own, measures), model);
  const ConditionSpec& mix = mix_of(finding.condition, model);
  const bool network_counts = network && mix.model_weight > 0;
  const auto by_network = network_counts ? std::optional(network->probabilities) : std::nullopt;
  grade.contributions = contributions(by_network, measured, mix, grade.probabilities, frame->confidence);
  grade.probabilities = mixed(grade.contributions);
  grade.source = source_of(network_counts, measured.has_value(), mix);
  if (measured) {
    add_measure_image(measured->measure, *frame, sagittal, measures, grade);
  } else if (own[index_of(Measure::ForamenFatShare)]) {
    add_measure_image(Measure::ForamenFatShare, *frame, sagittal, measures, grade);
  }
  if (measured && (!network_counts || mix.measure_weight > 0)) {
    grade.decided_by = deciding(measured->measure, own, model);
    if (any_contradicts_prior(finding, own, model)) grade.flags.emplace_back(flags::kContradictsLevelPrior.word);
  }
  if (!network_counts) return grade;
  grade.flags.insert(grade.flags.end(), mix.flags.begin(), mix.flags.end());
  add_network_image(*network, grade);
  return grade;
}

}  // namespace

StudyMeasures measure_study(const Study& study, const Spine& spine, const std::optional<ForamenFinder>& finder) {
  return {measure_foramina(study, spine, finder), measure_axial(study, spine)};
}

FindingMeasures finding_measures(const Finding& finding, const LevelFrame& frame, const StudyMeasures& measures) {
  FindingMeasures found;
  const auto set = [&](Measure measure, double value, std::optional<double> reference = std::nullopt) {
    if (std::isfinite(value)) found[index_of(measure)] = Measured{value, reference};
  };
  const auto& axial = axial_of(finding, measures);
  switch (finding.condition) {
    case Condition::SpinalCanalStenosis:
      if (has_diameter(frame)) {
        set(Measure::CanalAp, frame.canal->diameter_mm, frame.canal->reference_mm);
        if (const auto ratio = frame.canal->ratio()) set(Measure::CanalRatio, *ratio);
        if (frame.canal->fluid_ratio) {
          set(Measure::CanalFluidRatio, *frame.canal->fluid_ratio, frame.canal->diameter_mm);
        }
      }
      if (axial) set(Measure::SacArea, axial->sac_area_mm2);
      break;
    case Condition::SubarticularStenosis:
      if (axial) {
        set(Measure::RecessArea, axial->recess(*finding.side).area_mm2, usual_recess_area_mm2(measures.axial));
      }
      if (const auto& recess = recess_of(frame, *finding.side)) set(Measure::RecessDepth, recess->depth_mm);
      break;
    case Condition::NeuralForaminalNarrowing:
      if (const auto& foramen = measures.foramina[place_of(finding)]) {
        set(Measure::ForamenFatShare, foramen->fat_share);
      }
      break;
  }
  return found;
}

std::optional<MeasuredGrade> measured_grade(const Finding& finding, const FindingMeasures& measures,
                                            const GradingSpec& model) {
  for (const MeasureKey& key : kMeasureKeys) {
    const auto& measure = model.measure(key.measure);
    const auto& measured = measures[index_of(key.measure)];
    if (key.condition != finding.condition || !measure || !measured) continue;
    return MeasuredGrade{measured_probabilities(*measure, finding.level, *measured), measure->model_weight,
                         key.measure};
  }
  return std::nullopt;
}

bool contradicts_prior(const MeasureModel& model, Level level, const Measured& measured) {
  const double scaled = scaled_measure(model, level, measured);
  double cut = 0;
  for (const Level other : kLevels) {
    if (other != level) cut += std::log(model.levels[index_of(other)].moderate_below);
  }
  const double usual_cut = std::exp(cut / (kLevelCount - 1));
  return std::min(scaled, measured.value) < usual_cut && scaled >= model.levels[index_of(level)].moderate_below;
}

std::vector<Contribution> contributions(const std::optional<Probabilities>& network,
                                        const std::optional<MeasuredGrade>& measured, const ConditionSpec& mix,
                                        const Probabilities& prior, double confidence) {
  const double sure = std::clamp(confidence, 0.0, 1.0);
  const double measure_part = !measured ? 0 : network ? mix.measure_weight : 1;
  const double measure_share = measured ? measure_part * std::clamp(measured->weight * sure, 0.0, 1.0) : 0;
  const double network_share = network ? (1 - measure_part) * std::clamp(mix.model_weight * sure, 0.0, 1.0) : 0;
  std::vector<Contribution> parts;
  if (measure_share > 0) parts.push_back({GradeSource::Measure, measure_share, measured->probabilities});
  if (network_share > 0) parts.push_back({GradeSource::Network, network_share, *network});
  const double prior_share = 1 - measure_share - network_share;
  if (prior_share > 0) parts.push_back({GradeSource::Prior, prior_share, prior});
  return parts;
}

StudyGrades grade_findings(const Spine& spine, const Volume& sagittal, const GradingSpec& model,
                           const NetworkGrades& networks, const StudyMeasures& measures) {
  StudyGrades grades;
  for (size_t i = 0; i < grades.size(); ++i) {
    grades[i] = grade_finding(all_findings()[i], spine, sagittal, model, networks[i], measures);
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
