#include "grades/grading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

GradingSpec hand_made_model() {
  GradingSpec model;
  MeasureModel canal{"", 0.5, 1, 1, {}};
  canal.levels.fill({8, 6, 12});
  model.measure(Measure::CanalAp) = canal;
  model.prior = challenge_prevalence();
  return model;
}

/// Of a canal of 3 mm beside neighbours of 12 mm.
Probabilities canal_probabilities(const GradingSpec& model) {
  return measured_probabilities(*model.measure(Measure::CanalAp), Level::L2L3, {3, 12});
}

LevelFrame frame_of(Level level, double diameter_mm) {
  LevelFrame frame;
  frame.level = level;
  frame.centre_patient = {1, 2, 3};
  frame.confidence = 1;
  frame.canal = CanalMeasure{diameter_mm, 12, Vector3(1, 22, 3), 1};
  return frame;
}

Spine whole_spine(double diameter_mm) {
  Spine spine;
  for (Level level : kLevels) spine.levels[index_of(level)] = frame_of(level, diameter_mm);
  return spine;
}

Volume two_slices() {
  Volume volume;
  volume.series_instance_uid = "1.2.3";
  volume.slices = 2;
  volume.sources.resize(2);
  volume.sources[0].sop_instance_uid = "1.2.3.1";
  volume.sources[1].sop_instance_uid = "1.2.3.2";
  return volume;
}

const Grade& row(const StudyGrades& grades, Condition condition, Level level) {
  for (const Grade& grade : grades) {
    if (grade.finding.condition == condition && grade.finding.level == level) return grade;
  }
  throw std::logic_error("no such row");
}

TEST(Grading, TheRowsAreTheChallengesFindingsInItsOrder) {
  const StudyGrades grades = grade_findings(whole_spine(10), two_slices(), hand_made_model());
  for (size_t i = 0; i < grades.size(); ++i) EXPECT_EQ(grades[i].finding, all_findings()[i]);
}

TEST(Grading, AMeasuredCanalIsGradedAndTellsWhereItWasMeasured) {
  const StudyGrades grades = grade_findings(whole_spine(3), two_slices(), hand_made_model());
  const Grade& canal = row(grades, Condition::SpinalCanalStenosis, Level::L3L4);
  EXPECT_EQ(canal.source, GradeSource::Measure);
  EXPECT_EQ(most_probable(canal.probabilities), Severity::Severe);
  EXPECT_EQ(canal.measured[Measure::CanalAp]->value, 3);
  EXPECT_EQ(canal.measured[Measure::CanalRatio]->value, 0.25);
  EXPECT_THAT(canal.decided_by, ElementsAre(Measure::CanalAp, Measure::CanalRatio));
  EXPECT_EQ(canal.point_patient, Vector3(1, 22, 3));
  EXPECT_EQ(canal.series_instance_uid, "1.2.3");
  EXPECT_EQ(canal.sop_instance_uid, "1.2.3.2");
  EXPECT_THAT(canal.flags, IsEmpty());
}

TEST(Grading, ForaminaAndRecessesGetThePriorOfTheirLevelAndClaimNoImage) {
  const StudyGrades grades = grade_findings(whole_spine(3), two_slices(), hand_made_model());
  const Grade& foramen = row(grades, Condition::NeuralForaminalNarrowing, Level::L5S1);
  EXPECT_EQ(foramen.source, GradeSource::Prior);
  EXPECT_EQ(foramen.probabilities, prior_of(challenge_prevalence(), foramen.finding));
  EXPECT_FALSE(foramen.point_patient);
  EXPECT_THAT(foramen.decided_by, IsEmpty());
  EXPECT_EQ(foramen.sop_instance_uid, "");
  EXPECT_EQ(foramen.level_confidence, 1);
}

TEST(Grading, ALowConfidenceMixesWithThePriorInProportion) {
  Spine spine = whole_spine(3);
  spine.levels[index_of(Level::L2L3)]->confidence = 0.25;
  const GradingSpec model = hand_made_model();
  const Grade canal = row(grade_findings(spine, two_slices(), model), Condition::SpinalCanalStenosis, Level::L2L3);
  const Probabilities measured = canal_probabilities(model);
  const Probabilities& prior = prior_of(model.prior, canal.finding);
  for (int k = 0; k < kSeverityCount; ++k) {
    EXPECT_NEAR(canal.probabilities[k], 0.25 * measured[k] + 0.75 * prior[k], 1e-12);
  }
  EXPECT_THAT(canal.flags, Contains("level_uncertain"));
}

TEST(Grading, ALevelOutOfViewGetsThePriorAndAFlag) {
  Spine spine = whole_spine(9);
  spine.levels[index_of(Level::L1L2)].reset();
  spine.flags = {"fewer_than_five_discs"};
  const StudyGrades grades = grade_findings(spine, two_slices(), hand_made_model());
  const Grade& missing = row(grades, Condition::SpinalCanalStenosis, Level::L1L2);
  EXPECT_EQ(missing.source, GradeSource::Prior);
  EXPECT_EQ(missing.level_confidence, 0);
  EXPECT_THAT(missing.flags, Contains("level_not_found"));
  EXPECT_THAT(missing.flags, Contains("fewer_than_five_discs"));
  EXPECT_THAT(row(grades, Condition::SpinalCanalStenosis, Level::L2L3).flags, Not(Contains("level_not_found")));
}

TEST(Grading, ACanalWithoutAMeasureGetsThePriorAndAFlag) {
  Spine spine = whole_spine(9);
  spine.levels[index_of(Level::L5S1)]->canal.reset();
  const StudyGrades grades = grade_findings(spine, two_slices(), hand_made_model());
  const Grade& canal = row(grades, Condition::SpinalCanalStenosis, Level::L5S1);
  EXPECT_EQ(canal.source, GradeSource::Prior);
  EXPECT_THAT(canal.flags, Contains("canal_not_measured"));
}

TEST(Grading, AMeasureThatIsNoNumberIsNoMeasure) {
  Spine spine = whole_spine(9);
  spine.levels[index_of(Level::L5S1)]->canal->diameter_mm = std::numeric_limits<double>::quiet_NaN();
  const StudyGrades grades = grade_findings(spine, two_slices(), hand_made_model());
  EXPECT_THAT(row(grades, Condition::SpinalCanalStenosis, Level::L5S1).flags, Contains("canal_not_measured"));
}

size_t index_of_finding(Condition condition, std::optional<Side> side, Level level) {
  const Finding wanted{condition, side, level};
  return static_cast<size_t>(std::find(all_findings().begin(), all_findings().end(), wanted) - all_findings().begin());
}

NetworkGrades one_network_grade(size_t finding, const Probabilities& probabilities) {
  NetworkGrades networks;
  NetworkGrade grade;
  grade.probabilities = probabilities;
  grade.point_patient = {17, 2, 3};
  grade.series_instance_uid = "9.9";
  grade.sop_instance_uid = "9.9.1";
  networks[finding] = grade;
  return networks;
}

TEST(Grading, ANetworksGradeIsMixedWithThePriorAndCarriesItsImageAndItsConditionsFlags) {
  GradingSpec model = hand_made_model();
  model.conditions = {{Condition::NeuralForaminalNarrowing, "", "", 1, 0, 0.4, {"trained_on_phantom"}, {}}};
  const size_t at = index_of_finding(Condition::NeuralForaminalNarrowing, Side::Right, Level::L4L5);
  const StudyGrades grades =
      grade_findings(whole_spine(10), two_slices(), model, one_network_grade(at, {0.1, 0.2, 0.7}));
  const Grade& foramen = grades[at];
  const Probabilities& prior = prior_of(model.prior, foramen.finding);
  EXPECT_EQ(foramen.source, GradeSource::Network);
  EXPECT_NEAR(foramen.probabilities[2], 0.4 * 0.7 + 0.6 * prior[2], 1e-12);
  EXPECT_EQ(foramen.series_instance_uid, "9.9");
  EXPECT_EQ(foramen.sop_instance_uid, "9.9.1");
  EXPECT_EQ(foramen.point_patient, Vector3(17, 2, 3));
  EXPECT_THAT(foramen.flags, Contains("trained_on_phantom"));
  const size_t other = index_of_finding(Condition::NeuralForaminalNarrowing, Side::Left, Level::L4L5);
  EXPECT_EQ(grades[other].source, GradeSource::Prior);
  EXPECT_THAT(grades[other].flags, Not(Contains("trained_on_phantom")));
}

TEST(Grading, NetworkAndMeasureOfACanalAreMixedInTheConditionsProportion) {
  GradingSpec model = hand_made_model();
  model.conditions = {{Condition::SpinalCanalStenosis, "", "", 1, 0.25, 1, {}, {}}};
  const size_t at = index_of_finding(Condition::SpinalCanalStenosis, std::nullopt, Level::L2L3);
  const StudyGrades grades =
      grade_findings(whole_spine(3), two_slices(), model, one_network_grade(at, {0.8, 0.1, 0.1}));
  const Probabilities measured = canal_probabilities(model);
  EXPECT_EQ(grades[at].source, GradeSource::NetworkAndMeasure);
  EXPECT_NEAR(grades[at].probabilities[2], 0.25 * measured[2] + 0.75 * 0.1, 1e-12);
  EXPECT_EQ(grades[at].measured[Measure::CanalAp]->value, 3);
  EXPECT_EQ(grades[at].sop_instance_uid, "1.2.3.2") << "the image is the measure's";
}

TEST(Grading, AMeasuredRecessIsGradedOnItsOwnSide) {
  GradingSpec model = hand_made_model();
  MeasureModel recess{"", 0, 1, 1, {}};
  recess.levels.fill({5, 2, 0});
  model.measure(Measure::RecessDepth) = recess;
  Spine spine = whole_spine(10);
  spine.levels[index_of(Level::L4L5)]->recess_left = RecessMeasure{1, {8, 20, 3}, 1};
  const StudyGrades grades = grade_findings(spine, two_slices(), model);
  const Grade& left = grades[index_of_finding(Condition::SubarticularStenosis, Side::Left, Level::L4L5)];
  EXPECT_EQ(left.source, GradeSource::Measure);
  EXPECT_EQ(left.measured[Measure::RecessDepth]->value, 1);
  EXPECT_EQ(left.sop_instance_uid, "1.2.3.2");
  EXPECT_THAT(left.decided_by, ElementsAre(Measure::RecessDepth));
  EXPECT_EQ(left.point_patient, Vector3(8, 20, 3));
  EXPECT_EQ(left.probabilities, measured_probabilities(recess, Level::L4L5, {1, std::nullopt}));
  EXPECT_EQ(grades[index_of_finding(Condition::SubarticularStenosis, Side::Right, Level::L4L5)].source,
            GradeSource::Prior);
}

GradingSpec model_by_fat() {
  GradingSpec model = hand_made_model();
  MeasureModel by_fat{"", 0, 0.5, 0.4, {}};
  by_fat.levels.fill({0.3, 0.1, 0});
  model.measure(Measure::ForamenFatShare) = by_fat;
  return model;
}

TEST(Grading, AForamenIsGradedByItsShareOfFat) {
  const GradingSpec model = model_by_fat();
  const size_t at = index_of_finding(Condition::NeuralForaminalNarrowing, Side::Right, Level::L4L5);
  StudyMeasures measures;
  measures.foramina[at] = ForamenMeasure{0.2, {-17, 5, 4}, "7.7", "7.7.3"};
  const Grade foramen = grade_findings(whole_spine(10), two_slices(), model, {}, measures)[at];
  EXPECT_EQ(foramen.source, GradeSource::Measure);
  EXPECT_EQ(foramen.measured[Measure::ForamenFatShare]->value, 0.2);
  EXPECT_FALSE(foramen.measured[Measure::CanalAp]);
  EXPECT_EQ(foramen.sop_instance_uid, "7.7.3");
  const double severe = 0.25 / 1.25;  // odds (.1/.2)^2
  EXPECT_NEAR(foramen.probabilities[2], 0.4 * severe + 0.6 * prior_of(model.prior, foramen.finding)[2], 1e-12);
}

TEST(Grading, FatOnT2IsToldWithItsImageButDoesNotGrade) {
  const GradingSpec model = model_by_fat();
  const size_t at = index_of_finding(Condition::NeuralForaminalNarrowing, Side::Right, Level::L4L5);
  StudyMeasures measures;
  measures.foramina[at] = ForamenMeasure{0.02, {-17, 5, 4}, "8.8", "8.8.3", true};
  const Grade foramen = grade_findings(whole_spine(10), two_slices(), model, {}, measures)[at];
  EXPECT_EQ(foramen.source, GradeSource::Prior);
  EXPECT_EQ(foramen.probabilities, prior_of(model.prior, foramen.finding));
  EXPECT_EQ(foramen.measured[Measure::ForamenFatShare]->value, 0.02);
  EXPECT_EQ(foramen.sop_instance_uid, "8.8.3");
  EXPECT_THAT(foramen.decided_by, IsEmpty());
}

TEST(Grading, ARecessIsGradedByItsAxialAreaWhereThereIsOneAndNamesThatImage) {
  GradingSpec model = hand_made_model();
  MeasureModel depth{"", 0, 0.3, 1, {}}, area{"", 0.5, 0.3, 1, {}};
  depth.levels.fill({5, 2, 0});
  area.levels.fill({20, 8, 30});
  model.measure(Measure::RecessDepth) = depth;
  model.measure(Measure::RecessArea) = area;
  Spine spine = whole_spine(10);
  spine.levels[index_of(Level::L4L5)]->recess_left = RecessMeasure{9, {8, 20, 3}, 1};
  StudyMeasures measures;
  AxialMeasure axial;
  axial.sac_area_mm2 = 90;
  axial.recesses = {RecessArea{3, {9, 19, 2}}, RecessArea{31, {-9, 19, 2}}};
  axial.series_instance_uid = "5.5";
  axial.sop_instance_uid = "5.5.7";
  measures.axial[index_of(Level::L4L5)] = axial;
  const StudyGrades grades = grade_findings(spine, two_slices(), model, {}, measures);
  const Grade& left = grades[index_of_finding(Condition::SubarticularStenosis, Side::Left, Level::L4L5)];
  EXPECT_THAT(left.decided_by, ElementsAre(Measure::RecessArea));
  EXPECT_EQ(most_probable(left.probabilities), Severity::Severe);
  EXPECT_EQ(left.sop_instance_uid, "5.5.7");
  EXPECT_EQ(left.point_patient, Vector3(9, 19, 2));
  EXPECT_EQ(left.measured[Measure::RecessDepth]->value, 9);
  const Grade& right = grades[index_of_finding(Condition::SubarticularStenosis, Side::Right, Level::L4L5)];
  EXPECT_EQ(most_probable(right.probabilities), Severity::NormalMild);
  const Grade& canal = grades[index_of_finding(Condition::SpinalCanalStenosis, std::nullopt, Level::L4L5)];
  EXPECT_EQ(canal.measured[Measure::SacArea]->value, 90);
}

TEST(Grading, TheFluidRatioDecidesBeforeTheDiameterWhereItWasRead) {
  GradingSpec model = hand_made_model();
  MeasureModel fluid{"", -0.25, 0.2, 1, {}};
  fluid.levels.fill({0.5, 0.3, 10});
  model.measure(Measure::CanalFluidRatio) = fluid;
  Spine spine = whole_spine(10);
  spine.levels[index_of(Level::L3L4)]->canal->fluid_ratio = 0.1;
  const StudyGrades grades = grade_findings(spine, two_slices(), model);
  const Grade& dry = row(grades, Condition::SpinalCanalStenosis, Level::L3L4);
  EXPECT_THAT(dry.decided_by, ElementsAre(Measure::CanalFluidRatio, Measure::CanalAp));
  EXPECT_EQ(most_probable(dry.probabilities), Severity::Severe);
  EXPECT_THAT(row(grades, Condition::SpinalCanalStenosis, Level::L4L5).decided_by,
              ElementsAre(Measure::CanalAp, Measure::CanalRatio));
}

TEST(Grading, AMeasureIsComparedWithItsLevelsReferenceSample) {
  GradingSpec model = hand_made_model();
  ReferenceSample sample{"invented", {}};
  sample.levels[index_of(Level::L3L4)] = MeasureNorm{11, 2, 30};
  model.reference_samples[static_cast<size_t>(Measure::CanalAp)] = sample;
  const StudyGrades grades = grade_findings(whole_spine(8), two_slices(), model);
  EXPECT_EQ(row(grades, Condition::SpinalCanalStenosis, Level::L3L4).measured[Measure::CanalAp]->z, -1.5);
  EXPECT_FALSE(row(grades, Condition::SpinalCanalStenosis, Level::L4L5).measured[Measure::CanalAp]->z);
}

TEST(Grading, ANarrowCanalThatOnlyItsLevelsFrequenciesCallNormalSaysSo) {
  GradingSpec model = hand_made_model();
  model.measure(Measure::CanalAp)->levels[index_of(Level::L5S1)] = {4, 3, 12};
  const StudyGrades grades = grade_findings(whole_spine(6), two_slices(), model);
  EXPECT_THAT(row(grades, Condition::SpinalCanalStenosis, Level::L5S1).flags, Contains("contradicts_level_prior"));
  EXPECT_THAT(row(grades, Condition::SpinalCanalStenosis, Level::L3L4).flags, Not(Contains("contradicts_level_prior")));
  const StudyGrades wide = grade_findings(whole_spine(12), two_slices(), model);
  EXPECT_THAT(row(wide, Condition::SpinalCanalStenosis, Level::L5S1).flags, Not(Contains("contradicts_level_prior")));
}

TEST(Grading, ASacOfSixMillimetresAtL5S1ContradictsThePriorThoughItsReferenceIsSmallToo) {
  MeasureModel canal{"", 0.5, 0.1, 1, {}};
  canal.levels.fill({6.5, 4.5, 12});
  canal.levels[index_of(Level::L5S1)] = {3, 2.5, 12};
  const Measured narrow{5.9, 9.0};  // scaled 6.8
  ASSERT_GT(scaled_measure(canal, Level::L5S1, narrow), 6.5);
  EXPECT_TRUE(contradicts_prior(canal, Level::L5S1, narrow));
  EXPECT_FALSE(contradicts_prior(canal, Level::L4L5, {5.0, 12.0})) << "its own level calls it narrow";
  EXPECT_FALSE(contradicts_prior(canal, Level::L5S1, {8.0, 9.0}));
}

TEST(Grading, NetworkAndMeasureHaveEachTheirOwnWeightAgainstThePrior) {
  GradingSpec model = hand_made_model();
  model.measure(Measure::CanalAp)->model_weight = 0.9;
  model.conditions = {{Condition::SpinalCanalStenosis, "", "", 1, 0.25, 0.4, {}, {}}};
  const size_t at = index_of_finding(Condition::SpinalCanalStenosis, std::nullopt, Level::L2L3);
  Spine spine = whole_spine(3);
  spine.levels[index_of(Level::L2L3)]->confidence = 0.5;
  const NetworkGrades networks = one_network_grade(at, {0.8, 0.1, 0.1});
  const Grade both = grade_findings(spine, two_slices(), model, networks)[at];
  const double prior = prior_of(model.prior, both.finding)[2];
  const double measured = canal_probabilities(model)[2];
  const double by_network = 0.2 * 0.1 + 0.8 * prior, by_measure = 0.45 * measured + 0.55 * prior;
  EXPECT_NEAR(both.probabilities[2], 0.75 * by_network + 0.25 * by_measure, 1e-12);
  ASSERT_EQ(both.contributions.size(), 3U);
  EXPECT_EQ(both.contributions[0].source, GradeSource::Measure);
  EXPECT_NEAR(both.contributions[0].share, 0.25 * 0.45, 1e-12);
  EXPECT_EQ(both.contributions[1].source, GradeSource::Network);
  EXPECT_NEAR(both.contributions[1].share, 0.75 * 0.2, 1e-12);
  EXPECT_EQ(both.contributions[2].source, GradeSource::Prior);
  EXPECT_NEAR(both.contributions[2].share, 1 - 0.25 * 0.45 - 0.75 * 0.2, 1e-12);
  spine.levels[index_of(Level::L2L3)]->canal.reset();
  const Grade network = grade_findings(spine, two_slices(), model, networks)[at];
  EXPECT_EQ(network.source, GradeSource::Network);
  EXPECT_NEAR(network.probabilities[2], by_network, 1e-12);
}

TEST(Grading, TheMostProbableClassIsTheGradeAndATieGoesToTheMoreSevere) {
  EXPECT_EQ(most_probable({0.5, 0.3, 0.2}), Severity::NormalMild);
  EXPECT_EQ(most_probable({0.4, 0.4, 0.2}), Severity::Moderate);
  EXPECT_EQ(most_probable({0.2, 0.3, 0.5}), Severity::Severe);
}

}  // namespace
}  // namespace lumbargrade
