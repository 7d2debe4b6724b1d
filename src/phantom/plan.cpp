#include "phantom/plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

using Column = std::array<double, kBodyCount>;

// From S5 (first) to T9 (last). L1..L5 and T12: Panjabi 1992 and 1991 (widths, depths, canal), Zindrick 1987 (pedicles)
// as collected in docs/sources.md, "Phantom: anatomy", where the other sources stand too. Heights between Panjabi's and
// the morphable model's mean of 27.8. Sacrum and upper thoracic rows continue the trend; no source was found.
constexpr Column kHeight = {14, 16, 19, 24, 30, 27, 27.5, 27.5, 27.5, 27, 25.5, 24, 23.5, 23};
constexpr Column kWidthLower = {12, 16, 21, 28, 36, 49.4, 49.5, 48, 45.5, 43.3, 41, 38.5, 36, 34};
constexpr Column kWidthUpper = {16, 21, 27, 35, 48, 47.3, 46.6, 44.1, 42.6, 41.2, 39, 36.5, 34, 32};
constexpr Column kDepthLower = {7, 9, 12, 16, 22, 33.2, 33.9, 34.8, 34.9, 35.3, 33.5, 32, 30.5, 29};
constexpr Column kDepthUpper = {9, 12, 16, 21, 32, 34.7, 35.5, 35.2, 34.6, 34.1, 32.8, 31.5, 30, 28.5};
constexpr Column kCanalWidth = {12, 15, 19, 24, 30, 27.1, 25.4, 24.3, 23.8, 23.7, 22.2, 20, 18.5, 18};
constexpr Column kCanalDepth = {5, 7, 9, 12, 17, 18.5, 18.2, 17.5, 18.2, 18.6, 18.1, 17, 16, 16};
constexpr Column kPedicleWidth = {8, 8, 8, 10, 16, 16, 12.9, 10.3, 8.9, 8.7, 8, 8, 7.5, 7};
constexpr Column kPedicleHeight = {8, 8, 8, 10, 14, 14, 14.8, 14.5, 15, 15.4, 16, 16, 15, 14};
constexpr Column kPedicleAngle = {10, 10, 10, 20, 30, 26, 17.7, 14.4, 12, 10.9, 8, 6, 5, 5};
constexpr Column kTransverseSpan = {0, 0, 0, 0, 0, 97, 97, 97, 89, 74, 60, 60, 60, 60};
constexpr Column kSpinousLength = {0, 4, 6, 9, 12, 24, 30, 33, 33, 31, 29, 30, 32, 34};
// Sac: antero-posterior 15.6 at L1/2 to 11.6 at L5/S1 (Chatha 2011), area 178 +- 50 mm2 at L3/4 (Schonstrom 1985).
constexpr Column kSacWidth = {0, 0, 0, 9, 14, 16.5, 17.5, 17.8, 18, 18, 18, 17, 16, 16};
constexpr Column kSacDepth = {0, 0, 0, 6, 10.5, 12.5, 13.4, 13.8, 14.4, 15.2, 15, 14.2, 13.5, 13.2};

using DiscColumn = std::array<double, kDiscCount>;
// Middle heights between those of 106 MRI and the morphable model's; wedges so that L5/S1 comes to 13.6 mm in front and
// 6.9 behind, as in the MRI.
constexpr DiscColumn kDiscHeight = {1.2, 1.2, 1.2, 1.8, 10.4, 11.2, 10.3, 9.2, 8.2, 6.6, 5.6, 5, 4.5};
constexpr DiscColumn kDiscWedge_deg = {0, 0, 0, 0, 4, 2.6, 1.8, 1.4, 1, .5, 0, 0, 0};
// Share of the lordosis by segment L5/S1 .. T12/L1.
constexpr DiscColumn kLordosisShare = {0, 0, 0, 0, .40, .25, .18, .117, .043, .01, 0, 0, 0};
// Facet joint to the sagittal plane.
constexpr DiscColumn kFacetAngle_deg = {50, 50, 50, 50, 52, 45, 36, 29, 26, 22, 20, 20, 20};
// Ligamentum flavum.
constexpr DiscColumn kFlavum = {2, 2, 2, 2, 3.6, 3.7, 3.4, 3.2, 3, 2.8, 2.6, 2.5, 2.5};

double degeneration(const PatientPlan& plan, int disc, Stream& stream) {
  // 37 % of 20-year-olds and 96 % of 80-year-olds have a degenerated disc (Brinjikji 2015); lower discs are worn first.
  const double wear_by_level = disc == kS1 || disc == kL5 ? 0.5 : (disc >= kT12 ? -0.5 : 0.0);
  return std::clamp(1.2 + (plan.age_years - 20) / 27 + wear_by_level + stream.normal(0, 0.75), 1.0, 5.0);
}

BodyPlan draw_body(int body, const PatientPlan& plan, Stream& stream) {
  const auto i = static_cast<size_t>(body);
  const double size = plan.size * stream.normal(1, 0.015);
  const double canal = plan.size * stream.normal(1, 0.04);
  BodyPlan drawn;
  drawn.height_mm = kHeight[i] * size * stream.normal(1, 0.02);
  drawn.half_width_lower_mm = kWidthLower[i] * size / 2;
  drawn.half_width_upper_mm = kWidthUpper[i] * size / 2;
  drawn.half_depth_lower_mm = kDepthLower[i] * size / 2;
  drawn.half_depth_upper_mm = kDepthUpper[i] * size / 2;
  drawn.canal_width_mm = kCanalWidth[i] * canal;
  drawn.canal_depth_mm = kCanalDepth[i] * canal;
  drawn.sac_width_mm = kSacWidth[i] * canal;
  drawn.sac_depth_mm = kSacDepth[i] * canal;
  drawn.pedicle_width_mm = kPedicleWidth[i] * size * stream.normal(1, 0.08);
  drawn.pedicle_height_mm = kPedicleHeight[i] * size;
  drawn.pedicle_slope = std::tan(kPedicleAngle[i] * kRadians);
  drawn.transverse_half_span_mm = kTransverseSpan[i] * size / 2;
  drawn.spinous_length_mm = kSpinousLength[i] * size * stream.normal(1, 0.06);
  drawn.sacral = body <= kS1;
  // Marrow fat by age: BM.
  drawn.fat_share = std::clamp(0.27 + 0.0037 * (plan.age_years - 20) + stream.normal(0, 0.025), 0.15, 0.65);
  if (stream.chance(0.05)) {  // hemangioma: 11-26 % of people (SL), in any of some twenty vertebrae
    drawn.hemangioma_radius_mm = stream.uniform(3, 8);
    drawn.hemangioma_spine = {stream.uniform(-5, 5), stream.uniform(-10, 10), stream.uniform(-8, 6)};
  }
  return drawn;
}

DiscPlan draw_disc(int disc, const PatientPlan& plan, Stream& stream) {
  const auto j = static_cast<size_t>(disc);
  DiscPlan drawn;
  drawn.pfirrmann = degeneration(plan, disc, stream);
  // Height goes with the last grades (Pfirrmann: normal to slightly low in III, collapsed in V).
  const double loss = std::clamp((drawn.pfirrmann - 3) * 0.18 + stream.normal(0, 0.06), 0.0, 0.55);
  drawn.height_mm = kDiscHeight[j] * plan.size * stream.normal(1, 0.09) * (disc > 3 ? 1 - loss : 1);
  drawn.wedge = std::tan(kDiscWedge_deg[j] * kRadians) * (1 - loss);
  drawn.bulge_mm = disc > 3 ? std::clamp(0.7 * (drawn.pfirrmann - 2) + stream.normal(0, 0.4), 0.0, 2.4) : 0;
  drawn.flavum_rest_mm = std::clamp(kFlavum[j] + stream.normal(0, 0.4), 2.0, 4.4);
  drawn.lip_mm = disc > 3 ? std::clamp(0.8 * (drawn.pfirrmann - 3) + stream.normal(0, 0.6), 0.0, 3.0) : 0;
  drawn.facet_angle_rad = (kFacetAngle_deg[j] + stream.normal(0, 5)) * kRadians;
  drawn.facet_size = std::clamp(1 + 0.06 * (drawn.pfirrmann - 2.5) + stream.normal(0, 0.06), 0.85, 1.35);
  if (disc > kS1 && stream.chance(0.035)) {  // Schmorl's nodes: 16-28 % of people (MO, SN)
    drawn.schmorl_depth_mm = stream.uniform(2.5, 6);
    drawn.schmorl_u = stream.uniform(-8, 8);
    drawn.schmorl_v = stream.uniform(-6, 6);
  }
  return drawn;
}

void place_along_spine(PatientPlan& plan) {
  double s = 0;
  for (int body = kL5; body < kBodyCount; ++body) {
    DiscPlan& below = plan.discs[static_cast<size_t>(body - 1)];
    BodyPlan& here = plan.bodies[static_cast<size_t>(body)];
    below.centre_s = s + below.height_mm / 2;
    here.centre_s = s + below.height_mm + here.height_mm / 2;
    s += below.height_mm + here.height_mm;
  }
  s = 0;
  for (int body = kS1; body >= 0; --body) {
    BodyPlan& here = plan.bodies[static_cast<size_t>(body)];
    here.centre_s = s - here.height_mm / 2;
    s -= here.height_mm;
    if (body == 0) break;
    DiscPlan& below = plan.discs[static_cast<size_t>(body - 1)];
    below.centre_s = s - below.height_mm / 2;
    s -= below.height_mm;
  }
}

void add_variants(PatientPlan& plan, Stream& stream) {
  // 4 lumbar 6.7 %, 6 lumbar 2.7 % (RA): seen only by where the ribs end.
  const double count = stream.uniform();
  plan.lumbar_count = count < 0.067 ? 4 : (count < 0.094 ? 6 : 5);
  for (int body = kS1 + 1 + plan.lumbar_count; body < kBodyCount; ++body) {
    plan.bodies[static_cast<size_t>(body)].ribs = true;
  }
  // Transitional 18 % (OA), of which the fully assimilated types III and IV are 17 %.
  plan.transitional = stream.chance(0.06);
  if (plan.transitional) {
    plan.discs[kS1].height_mm *= 0.55;
    plan.discs[kS1].wedge *= 0.4;
    plan.discs[kS1].pfirrmann = std::max(1.5, plan.discs[kS1].pfirrmann - 1.5);
    plan.discs[kS1].bulge_mm = 0;
    plan.bodies[kL5].transverse_half_span_mm *= 1.12;
  }
  plan.rudimentary_s1s2 = stream.chance(0.12);
  if (plan.rudimentary_s1s2) plan.discs[kS1 - 1].height_mm = stream.uniform(3, 5.5);
  // Degenerative slip: 2.7 % of men, 8.4 % of women (Jacobsen 2007), nearly all at L4/5.
  if (plan.age_years > 45 && stream.chance(plan.female ? 0.10 : 0.035)) {
    plan.bodies[kL5 + 1].slip_mm = stream.uniform(3, 8);
  }
}

void draw_alignment(PatientPlan& plan, Stream& stream) {
  plan.lordosis_deg = std::clamp(stream.normal(37, 11), 15.0, 58.0);  // recumbent (JP)
  plan.sacral_slope_rad = (14 + 0.62 * plan.lordosis_deg + stream.normal(0, 3)) * kRadians;
  // Cobb above 10 degrees in 8.9 % (KB), most of them mild.
  plan.cobb_deg = stream.chance(0.1) ? stream.uniform(10, 20) : std::abs(stream.normal(0, 3));
  plan.low_s = -160;
  const double high_s = plan.bodies[kBodyCount - 1].centre_s + 40;
  const auto count = static_cast<size_t>(std::ceil((high_s - plan.low_s) / SpineCurve::kStep_mm));
  std::vector<Bending> bending(count);
  const double apex_s = plan.bodies[kL1 - 1].centre_s + stream.normal(0, 15);
  const double curve_side = stream.chance(0.5) ? 1 : -1;
  for (size_t i = 0; i < count; ++i) {
    const double s = plan.low_s + SpineCurve::kStep_mm * static_cast<double>(i);
    // Sacral and thoracic kyphosis, about 50 degrees over the sacrum and 4 degrees a thoracic segment.
    if (s < -12) bending[i].sagittal_rad_per_mm = -std::min(1.0, (-12 - s) / 30) * 0.0105;
    if (s > plan.bodies[kT12].centre_s) bending[i].sagittal_rad_per_mm = -0.0022;
    for (int disc = kS1; disc <= kL1; ++disc) {
      const auto j = static_cast<size_t>(disc);
      const double low = plan.discs[j].centre_s - plan.discs[j].height_mm / 2;
      const double high = low + plan.discs[j].height_mm + plan.bodies[j + 1].height_mm;
      if (s >= low && s < high) {
        bending[i].sagittal_rad_per_mm += kLordosisShare[j] * plan.lordosis_deg * kRadians / (high - low);
      }
    }
    // A coronal arc of about four vertebrae with half arcs above and below; vertebrae turn into the convexity.
    const double phase = (s - apex_s) / 75 * std::numbers::pi / 2;
    if (std::abs(phase) < 1.5 * std::numbers::pi) {
      bending[i].coronal_rad_per_mm = curve_side * plan.cobb_deg * kRadians / 96 * std::cos(phase);
      bending[i].axial_rad_per_mm = -curve_side * plan.cobb_deg * kRadians / 200 * std::sin(phase);
    }
  }
  // Box-smoothed over 20 mm: the spine has no kinks.
  constexpr int kHalf = 20;
  plan.bending.assign(count, {});
  for (size_t i = 0; i < count; ++i) {
    const size_t low = i < kHalf ? 0 : i - kHalf;
    const size_t high = std::min(count - 1, i + kHalf);
    for (size_t k = low; k <= high; ++k) {
      plan.bending[i].sagittal_rad_per_mm += bending[k].sagittal_rad_per_mm / static_cast<double>(high - low + 1);
      plan.bending[i].coronal_rad_per_mm += bending[k].coronal_rad_per_mm / static_cast<double>(high - low + 1);
      plan.bending[i].axial_rad_per_mm += bending[k].axial_rad_per_mm / static_cast<double>(high - low + 1);
    }
  }
  plan.coronal_tilt_rad = stream.normal(0, 1.2) * kRadians;
  plan.axial_turn_rad = stream.normal(0, 2) * kRadians;
}

void draw_soft_tissue(PatientPlan& plan, Stream& stream) {
  const double obesity = std::abs(stream.normal(0, 1));
  plan.back_fat_mm = 5 + 9 * obesity + (plan.female ? 3 : 0);  // cut-offs 8.5 and 9.4 mm at L1/L2 (SF)
  plan.trunk_half_width_mm = 155 * plan.size + 16 * obesity;
  plan.trunk_depth_mm = 195 * plan.size + 30 * obesity;
  plan.muscle_fat_share = std::clamp(0.06 + 0.0028 * (plan.age_years - 25) + stream.normal(0, 0.04), 0.03, 0.35);  // MU
  plan.psoas_size = (plan.female ? 0.85 : 1.05) * stream.normal(1, 0.08);
  // Conus: normally distributed about the lower third of L1 (SA). The sac ends about S2.
  plan.conus_s = plan.bodies[kL1].centre_s - 7 + stream.normal(0, 13);
  plan.sac_end_s = plan.bodies[kS1 - 1].centre_s + stream.normal(0, 9);
  plan.dorsal_roots = stream.uniform(0.25, 0.95);
}

}  // namespace

PatientPlan draw_patient(Stream& stream) {
  PatientPlan plan;
  plan.female = stream.chance(0.55);
  plan.age_years = std::round(std::clamp(stream.normal(56, 15), 20.0, 90.0));
  plan.size = (plan.female ? 0.955 : 1.045) * stream.normal(1, 0.035);
  for (int body = 0; body < kBodyCount; ++body) plan.bodies[static_cast<size_t>(body)] = draw_body(body, plan, stream);
  for (int disc = 0; disc < kDiscCount; ++disc) plan.discs[static_cast<size_t>(disc)] = draw_disc(disc, plan, stream);
  add_variants(plan, stream);
  place_along_spine(plan);
  draw_alignment(plan, stream);
  draw_soft_tissue(plan, stream);
  // The scanner's centre lies near L3, give or take the positioning.
  const SpineCurve curve = make_curve(plan);
  const Vector3 centre = curve.frame(plan.bodies[kL1 - 2].centre_s).centre_patient;
  plan.origin_patient =
      Vector3(stream.normal(0, 5), stream.normal(0, 12), stream.normal(0, 12)) - (centre - plan.origin_patient);
  plan.noise_key = stream.bits();
  return plan;
}

SpineCurve make_curve(const PatientPlan& plan) {
  return SpineCurve(plan.low_s, plan.bending, plan.origin_patient, plan.sacral_slope_rad, plan.coronal_tilt_rad,
                    plan.axial_turn_rad);
}

std::string body_name(int body) {
  if (body <= kS1) return text("S", kS1 + 1 - body);
  if (body <= kL1) return text("L", kL1 + 1 - body);
  return text("T", 12 + kT12 - body);
}

}  // namespace lumbargrade::phantom
