#include "phantom/anatomy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/error.h"
#include "phantom/lesions.h"
#include "phantom/scanner.h"

namespace lumbargrade::phantom {
namespace {

constexpr double kStep_mm = 0.25;

PatientPlan straight_adult(std::uint64_t seed) {
  Stream stream{seed};
  return draw_patient(stream);
}

/// Looks tissue up in patient space, as a label volume holds it, with code of its own: no sac table, no chords.
class LabelProbe {
 public:
  explicit LabelProbe(const PatientPlan& plan) : patient_(plan, 1.5) {}

  Label at(double s, double u, double v) const {
    const Vector3 point = patient_.curve().patient_from_spine({s, u, v});
    return patient_.anatomy().tissues()[patient_.material_at(point)].label;
  }

  /// Area of cerebrospinal fluid, roots and cord in the plane across the spine at s, in mm2.
  double sac_area_mm2(double s) const {
    int count = 0;
    for (double u = -15; u <= 15; u += kStep_mm) {
      for (double v = 8; v <= 45; v += kStep_mm) count += is_sac(at(s, u, v));
    }
    return count * kStep_mm * kStep_mm;
  }

  double sac_depth_mm(double s) const {
    int count = 0;
    for (double v = 8; v <= 45; v += kStep_mm) count += is_sac(at(s, 0, v));
    return count * kStep_mm;
  }

  const Patient& patient() const { return patient_; }

 private:
  static bool is_sac(Label label) { return label == Label::Csf || label == Label::NerveRoot || label == Label::Cord; }
  Patient patient_;
};

TEST(Stream, DependsOnItsKeysOnly) {
  Stream a{1, 2};
  Stream b{1, 2};
  Stream c{2, 1};
  const auto first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, c.bits());
}

TEST(Stream, DrawsNormalNumbersOfTheRightSpread) {
  Stream stream{5};
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double z = stream.normal();
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.03);
  EXPECT_NEAR(squares / kCount, 1, 0.04);
}

TEST(SpineCurve, ComesBackFromPatientSpace) {
  const SpineCurve curve = make_curve(straight_adult(3));
  for (const SpinePoint& point : {SpinePoint{0, 0, 0}, {60, 20, 30}, {150, -25, 40}, {-30, 10, 15}}) {
    const Vector3 patient = curve.patient_from_spine(point);
    const SpinePoint back = curve.spine_from_patient(patient, point.s + 10);
    EXPECT_NEAR(back.s, point.s, 0.1);
    EXPECT_NEAR(back.u, point.u, 0.1);
    EXPECT_NEAR(back.v, point.v, 0.1);
  }
}

TEST(SpineCurve, LeftIsPlusXAndBackIsPlusY) {
  const PatientPlan plan = straight_adult(4);
  const SpineCurve curve = make_curve(plan);
  const double s = plan.bodies[kL1 - 2].centre_s;
  const Vector3 centre = curve.patient_from_spine({s, 0, 0});
  EXPECT_GT((curve.patient_from_spine({s, 10, 0}) - centre).x(), 9);
  EXPECT_GT((curve.patient_from_spine({s, 0, 10}) - centre).y(), 9);
  EXPECT_GT((curve.patient_from_spine({s + 10, 0, 0}) - centre).z(), 9);
}

TEST(SpineField, AgreesWithTheCurveWithinATwentiethOfAMillimetre) {
  const PatientPlan plan = straight_adult(6);
  const Patient patient(plan, 1.5);
  for (double s : {0.0, 40.0, 101.0}) {
    const SpinePoint exact{s, 13, 22};
    const SpinePoint found = patient.spine_point(patient.curve().patient_from_spine(exact));
    EXPECT_NEAR(found.s, exact.s, 0.06);
    EXPECT_NEAR(found.u, exact.u, 0.06);
    EXPECT_NEAR(found.v, exact.v, 0.06);
  }
}

TEST(Anatomy, HoldsTheTissuesOfALumbarSpineWhereTheyBelong) {
  const PatientPlan plan = straight_adult(8);
  const LabelProbe probe(plan);
  const BodyPlan& l3 = plan.bodies[kL1 - 2];
  const DiscPlan& l34 = plan.discs[static_cast<size_t>(disc_of(Level::L3L4))];
  EXPECT_EQ(probe.at(l3.centre_s + 4, 0, -3), Label::Vertebra);
  EXPECT_EQ(probe.at(l34.centre_s + 0.3 * l34.height_mm, 0, 0), Label::Nucleus);
  EXPECT_EQ(probe.at(l34.centre_s, 0, 1 - l3.half_depth_lower_mm), Label::Annulus);
  EXPECT_GT(probe.sac_area_mm2(l3.centre_s), 90);
  EXPECT_EQ(probe.at(l3.centre_s, 40, 55), Label::Muscle);
}

TEST(Measures, AgreeWithCountedVoxelsOfTheLabels) {
  PatientPlan plan = straight_adult(11);
  Stream stream{12};
  const LesionResult lesions = add_lesions(plan, even_prevalence(), stream);
  const LabelProbe probe(plan);
  for (Level level : {Level::L2L3, Level::L4L5}) {
    const LevelMeasure& measure = lesions[index_of(level)];
    const double s = plan.discs[static_cast<size_t>(disc_of(level))].centre_s;
    double least = 1e9;
    double depth = 0;
    for (double offset = -5; offset <= 5; offset += 1) {
      const double area = probe.sac_area_mm2(s + offset);
      if (area < least) depth = probe.sac_depth_mm(s + offset);
      least = std::min(least, area);
    }
    EXPECT_NEAR(measure.sac_area_mm2, least, 4 + 0.06 * least) << level_name(level);
    EXPECT_NEAR(measure.canal_mm, depth, 1.2) << level_name(level);
    const double reference = 0.5 * (probe.sac_area_mm2(plan.bodies[static_cast<size_t>(disc_of(level))].centre_s) +
                                    probe.sac_area_mm2(plan.bodies[static_cast<size_t>(disc_of(level)) + 1].centre_s));
    EXPECT_NEAR(measure.sac_reference_area_mm2, reference, 0.08 * reference);
    EXPECT_EQ(measure.canal, canal_severity(measure.area_loss(), measure.sac_area_mm2));
  }
}

TEST(Measures, FollowALesionOfOneSideOnThatSideOnly) {
  PatientPlan plan = straight_adult(15);
  DiscPlan& disc = plan.discs[static_cast<size_t>(disc_of(Level::L4L5))];
  disc.bulge_mm = 0;
  SideLesion& left = disc.side[index_of(Side::Left)];
  left.paracentral_mm = 6;
  left.facet_medial_mm = 4;
  left.foraminal_mm = 6.5;
  left.facet_anterior_mm = 6.5;
  left.nerve_squeeze = 0.4;
  PatientPlan healthy = plan;
  healthy.discs[static_cast<size_t>(disc_of(Level::L4L5))].side = {};
  const LesionResult result = measure_levels(Anatomy(plan, 1.5), Anatomy(healthy, 1.5));
  const auto& l45 = result[index_of(Level::L4L5)];
  const SideMeasure& on_left = l45.side[index_of(Side::Left)];
  const SideMeasure& on_right = l45.side[index_of(Side::Right)];
  EXPECT_LT(on_left.recess_mm, on_right.recess_mm - 2);
  EXPECT_EQ(on_left.foramen, Severity::Severe);
  EXPECT_EQ(on_right.foramen, Severity::NormalMild);
  EXPECT_EQ(result[index_of(Level::L3L4)].side[0].foramen, Severity::NormalMild);
  // The points lie on their own sides in patient space.
  const SpineCurve curve = make_curve(plan);
  EXPECT_GT(curve.patient_from_spine(on_left.foramen_point).x(), curve.patient_from_spine(l45.canal_point).x() + 8);
  EXPECT_LT(curve.patient_from_spine(on_right.foramen_point).x(), curve.patient_from_spine(l45.canal_point).x() - 8);
  // The fat around the left ganglion is gone from the labels too.
  const LabelProbe probe(plan);
  std::map<Side, int> fat;
  for (Side side : kSides) {
    const SpinePoint& at = l45.side[index_of(side)].foramen_point;
    for (double ds = -6; ds <= 6; ds += 0.5) {
      for (double dv = -6; dv <= 6; dv += 0.5) fat[side] += probe.at(at.s + ds, at.u, at.v + dv) == Label::EpiduralFat;
    }
  }
  EXPECT_LT(fat[Side::Left], fat[Side::Right] / 3);
}

TEST(Severities, ChangeWhereTheCriteriaSay) {
  EXPECT_EQ(canal_severity(0.33, 120), Severity::NormalMild);
  EXPECT_EQ(canal_severity(0.34, 120), Severity::Moderate);
  EXPECT_EQ(canal_severity(0.67, 60), Severity::Severe);
  EXPECT_EQ(canal_severity(0.2, 29), Severity::Severe);
  EXPECT_EQ(recess_severity(4.1), Severity::NormalMild);
  EXPECT_EQ(recess_severity(3.9), Severity::Moderate);
  EXPECT_EQ(recess_severity(2.4), Severity::Severe);
  EXPECT_EQ(foramen_severity({.1, .1, .1, .3}, 1), Severity::NormalMild);
  EXPECT_EQ(foramen_severity({.1, .1, .1, .1}, 1), Severity::Moderate);
  EXPECT_EQ(foramen_severity({.1, .1, .1, .1}, .7), Severity::Severe);
}

TEST(Lesions, ComeCloseToTheirPrevalence) {
  // Twelve patients with a third of each grade: 60 canals, 120 recesses and foramina.
  std::array<std::array<double, kSeverityCount>, kConditionCount> share{};
  constexpr int kPatients = 12;
  for (std::uint64_t i = 0; i < kPatients; ++i) {
    PatientPlan plan = straight_adult(100 + i);
    Stream stream{200 + i};
    for (const LevelMeasure& level : add_lesions(plan, even_prevalence(), stream)) {
      share[0][static_cast<size_t>(level.canal)] += 1.0 / (5 * kPatients);
      for (const SideMeasure& side : level.side) {
        share[1][static_cast<size_t>(side.foramen)] += 0.5 / (5 * kPatients);
        share[2][static_cast<size_t>(side.recess)] += 0.5 / (5 * kPatients);
      }
    }
  }
  for (const auto& condition : share) {
    for (double value : condition) EXPECT_THAT(value, testing::AllOf(testing::Gt(0.12), testing::Lt(0.58)));
  }
}

TEST(Lesions, PlaceARecessOnTheDiscsMiddleUnlessAnotherCutIsVisiblyNarrower) {
  int all = 0, beside = 0;
  for (std::uint64_t i = 0; i < 6; ++i) {
    PatientPlan plan = straight_adult(100 + i);
    Stream stream{200 + i};
    const LesionResult result = add_lesions(plan, even_prevalence(), stream);
    for (const Level level : kLevels) {
      const double centre_s = plan.discs[static_cast<size_t>(disc_of(level))].centre_s;
      for (const SideMeasure& side : result[index_of(level)].side) {
        const double off_mm = std::abs(side.recess_point.s - centre_s);
        EXPECT_TRUE(off_mm < 1e-9 || std::abs(off_mm - 2) < 1e-9) << off_mm;
        ++all;
        beside += off_mm > 1;
      }
    }
  }
  EXPECT_EQ(all, 60);
  EXPECT_LT(beside, all / 5);  // the least of three nearly equal depths would be an outer cut's in most
}

/// How often each grade occurs, by condition, level, grade and side.
struct LesionCount {
  using BySide = std::array<double, 2>;
  std::array<std::array<std::array<BySide, kSeverityCount>, kLevelCount>, kConditionCount> grades{};
  std::array<int, 2> cysts{};

  void add(const LesionResult& result) {
    for (size_t level = 0; level < kLevelCount; ++level) {
      const LevelMeasure& measure = result[level];
      for (size_t side = 0; side < 2; ++side) {
        ++grades[0][level][index_of(measure.canal)][side];
        ++grades[1][level][index_of(measure.side[side].foramen)][side];
        ++grades[2][level][index_of(measure.side[side].recess)][side];
      }
    }
  }
  void add(const PatientPlan& plan) {
    for (const DiscPlan& disc : plan.discs) {
      for (size_t side = 0; side < 2; ++side) cysts[side] += disc.side[side].cyst_radius_mm > 0;
    }
  }
};

/// Ninety shares are compared: one of them lies 3.5 standard errors away in one of twenty runs.
void expect_share(double share, const LesionCount::BySide& counts, int patients, const std::string& what) {
  const double tolerance = 3.5 * std::sqrt(share * (1 - share) / patients) + 1.0 / patients;
  for (const double found : counts) EXPECT_NEAR(found / patients, share, tolerance) << what;
}

TEST(Lesions, FollowTheChallengesPrevalenceOnBothSidesAlike) {
  constexpr int kPatients = 60;
  LesionCount count;
  for (std::uint64_t i = 0; i < kPatients; ++i) {
    PatientPlan plan = straight_adult(300 + i);
    Stream stream{400 + i};
    count.add(add_lesions(plan, challenge_prevalence(), stream));
    count.add(plan);
  }
  const PriorTable wanted = challenge_prevalence();
  for (const Condition condition : kConditions) {
    for (const Level level : kLevels) {
      for (size_t grade = 0; grade < kSeverityCount; ++grade) {
        expect_share(wanted[index_of(condition)][index_of(level)][grade],
                     count.grades[index_of(condition)][index_of(level)][grade], kPatients,
                     text(condition_key(condition), " ", level_name(level), " grade ", grade));
      }
    }
  }
  for (size_t side = 0; side < 2; ++side) EXPECT_GT(count.cysts[side], 0);
}

TEST(Sequence, OrdersTissuesAsRadiologistsSeeThem) {
  const auto brightness = [](const Sequence& sequence, Label label) {
    const auto signals = signals_of({standard_tissue(label, sequence.field_tesla)}, sequence);
    return signals[0].water + signals[0].fat;
  };
  const Sequence t1{Contrast::T1, 1.5, 550, 12, 0};
  const Sequence t2{Contrast::T2, 1.5, 3800, 100, 0};
  const Sequence stir{Contrast::Stir, 1.5, 4000, 50, 160};
  EXPECT_GT(brightness(t1, Label::Fat), 2 * brightness(t1, Label::Muscle));
  EXPECT_GT(brightness(t1, Label::Muscle), brightness(t1, Label::Csf));
  EXPECT_GT(brightness(t2, Label::Csf), brightness(t2, Label::Fat));
  EXPECT_LT(brightness(t2, Label::Csf), 2 * brightness(t2, Label::Fat));
  EXPECT_LT(brightness(t2, Label::Annulus), brightness(t2, Label::Vertebra));
  EXPECT_GT(brightness(t2, Label::Fat), 2 * brightness(t2, Label::Muscle));
  EXPECT_LT(brightness(stir, Label::Fat), 0.15 * brightness(stir, Label::Csf));
}

}  // namespace
}  // namespace lumbargrade::phantom
