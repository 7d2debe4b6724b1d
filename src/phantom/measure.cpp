#include "phantom/measure.h"

#include <numbers>

#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

constexpr int kRays = 32;
constexpr double kRing_mm = 1.4;
constexpr double kLostBelow = 0.2;
/// About a pixel: where no cut beside the middle of the disc is narrower by so much, nobody could say which one to
/// mark.
constexpr double kVisibleRecessMm = 0.5;

SacSection inside_dura(SacSection sac) {
  for (float& radius : sac.radius_mm) radius = std::max(0.F, radius - static_cast<float>(kDura_mm));
  return sac;
}

double depth_mm(const SacSection& sac) {
  return sac.radius_towards(std::numbers::pi / 2) + sac.radius_towards(1.5 * std::numbers::pi);
}

bool is_free(Label label) {
  return label == Label::Csf || label == Label::NerveRoot || label == Label::EpiduralFat ||
         label == Label::ExitingNerve || label == Label::Ligament || label == Label::Cord;
}

struct Chord {
  double length = 0, middle_v = 0;
};

/// Longest free stretch along v through (s, u); the points are in the displaced frame of the anatomy.
Chord free_chord(const Anatomy& anatomy, double s, double u) {
  constexpr double kStep_mm = 0.2;
  const Anatomy::Section& row = anatomy.section(s);
  Chord longest;
  double run = 0;
  for (double v = row.wall_v - 2; v < row.wall_v + 15; v += kStep_mm) {
    if (is_free(anatomy.label_at({s, u, v - row.slip}))) {
      run += kStep_mm;
      if (run > longest.length) longest = {run, v - run / 2 - row.slip};
    } else {
      run = 0;
    }
  }
  return longest;
}

struct Rays {
  std::array<double, kRays> nerve_mm{}, fat{};
};

/// Rays in the sagittal plane through the ganglion: how far the nerve reaches, and how much fat follows.
Rays cast_rays(const Anatomy& anatomy, const SpinePoint& centre) {
  constexpr double kStep_mm = 0.1;
  Rays rays;
  for (int i = 0; i < kRays; ++i) {
    const double angle = 2 * std::numbers::pi * i / kRays;
    const double ds = std::sin(angle);
    const double dv = std::cos(angle);
    const auto label = [&](double r) { return anatomy.label_at({centre.s + r * ds, centre.u, centre.v + r * dv}); };
    double reach = 0;
    while (reach < 7 && label(reach) == Label::ExitingNerve) reach += kStep_mm;
    int fat = 0;
    int steps = 0;
    for (double r = reach + kStep_mm; r < reach + kRing_mm; r += kStep_mm, ++steps) {
      const Label here = label(r);
      fat += here == Label::EpiduralFat || here == Label::Fat;
    }
    rays.nerve_mm[static_cast<size_t>(i)] = reach;
    rays.fat[static_cast<size_t>(i)] = static_cast<double>(fat) / steps;
  }
  return rays;
}

double area_of(const Rays& rays) {
  double sum = 0;
  for (double reach : rays.nerve_mm) sum += reach * reach;
  return sum * std::numbers::pi / kRays;
}

/// Way from `centre` along (ds, dv) through nerve, fat and ligament, in mm, at most 30.
double free_reach(const Anatomy& anatomy, const SpinePoint& centre, double ds, double dv) {
  constexpr double kStep_mm = 0.2;
  double reach = 0;
  const auto is_room = [](Label label) { return is_free(label) || label == Label::Fat; };
  while (reach < 30 && is_room(anatomy.label_at({centre.s + reach * ds, centre.u, centre.v + reach * dv}))) {
    reach += kStep_mm;
  }
  return reach;
}

SpinePoint ganglion_point(const Anatomy& anatomy, Level level, Side side) {
  SpinePoint point = anatomy.ganglion(disc_of(level) + 1, side);
  point.v -= anatomy.section(point.s).slip;
  return point;
}

/// How deep a lateral recess is in one cut.
struct RecessDepth {
  double depth_mm = 0;
  SpinePoint point;  ///< half-way down it
};

/// The mean over 2 mm across, at the s and u of `at`.
RecessDepth recess_depth(const Anatomy& anatomy, const SpinePoint& at) {
  RecessDepth result{0, {at.s, at.u, 0}};
  for (double offset : {-1.0, 0.0, 1.0}) {
    const Chord chord = free_chord(anatomy, at.s, at.u + offset);
    result.depth_mm += chord.length / 3;
    result.point.v += chord.middle_v / 3;
  }
  return result;
}

}  // namespace

Severity canal_severity(double area_loss, double sac_area_mm2) {
  if (area_loss > 2.0 / 3 || sac_area_mm2 < 30) return Severity::Severe;
  return area_loss > 1.0 / 3 ? Severity::Moderate : Severity::NormalMild;
}

Severity recess_severity(double recess_mm) {
  if (recess_mm < 2.5) return Severity::Severe;
  return recess_mm < 4 ? Severity::Moderate : Severity::NormalMild;
}

Severity foramen_severity(const std::array<double, 4>& fat, double nerve_share) {
  if (nerve_share < 0.75) return Severity::Severe;
  return *std::max_element(fat.begin(), fat.end()) < kLostBelow ? Severity::Moderate : Severity::NormalMild;
}

void measure_canal(const Anatomy& anatomy, Level level, LevelMeasure& measure) {
  const auto j = static_cast<size_t>(disc_of(level));
  const PatientPlan& plan = anatomy.plan();
  const double centre_s = plan.discs[j].centre_s;
  measure.sac_area_mm2 = 1e9;
  for (double offset = -5; offset <= 5; offset += 1) {
    const auto found = anatomy.sac(centre_s + offset);
    if (!found) continue;
    const SacSection sac = inside_dura(*found);
    if (sac.area_mm2() >= measure.sac_area_mm2) continue;
    measure.sac_area_mm2 = sac.area_mm2();
    measure.canal_mm = depth_mm(sac);
  }
  const SacSection below = inside_dura(anatomy.sac(plan.bodies[j].centre_s).value_or(SacSection{}));
  const SacSection above = inside_dura(anatomy.sac(plan.bodies[j + 1].centre_s).value_or(SacSection{}));
  // The sac tapers: at L5/S1 the body of S1 would pull the reference down, so L5 alone is compared with, less a tenth.
  const bool lowest = level == Level::L5S1;
  measure.sac_reference_area_mm2 = lowest ? 0.8 * above.area_mm2() : 0.5 * (below.area_mm2() + above.area_mm2());
  measure.canal_reference_mm = lowest ? 0.9 * depth_mm(above) : 0.5 * (depth_mm(below) + depth_mm(above));
  const auto middle = anatomy.sac(centre_s);
  const Anatomy::Section& row = anatomy.section(centre_s);
  measure.canal_point = {centre_s, 0, (middle ? middle->centre_v : row.wall_v + 6) - row.slip};
  measure.canal = canal_severity(measure.area_loss(), measure.sac_area_mm2);
}

void measure_recess(const Anatomy& anatomy, Level level, Side side, SideMeasure& measure) {
  const int disc = disc_of(level);
  const double centre_s = anatomy.plan().discs[static_cast<size_t>(disc)].centre_s;
  const Anatomy::Section& row = anatomy.section(centre_s);
  const double u = (side == Side::Left ? 1 : -1) * (0.5 * row.canal_width - 3);
  const RecessDepth middle = recess_depth(anatomy, {centre_s, u, 0});
  measure.recess_mm = middle.depth_mm;
  measure.recess_point = middle.point;
  double visibly_narrower_mm = middle.depth_mm - kVisibleRecessMm;
  for (double s : {centre_s - 2, centre_s + 2}) {
    const RecessDepth beside = recess_depth(anatomy, {s, u, 0});
    measure.recess_mm = std::min(measure.recess_mm, beside.depth_mm);
    if (beside.depth_mm >= visibly_narrower_mm) continue;
    visibly_narrower_mm = beside.depth_mm;
    measure.recess_point = beside.point;
  }
  measure.recess = recess_severity(measure.recess_mm);
}

double nerve_area_mm2(const Anatomy& anatomy, Level level, Side side) {
  return area_of(cast_rays(anatomy, ganglion_point(anatomy, level, side)));
}

void measure_foramen(const Anatomy& anatomy, Level level, Side side, double rest_area_mm2, SideMeasure& measure) {
  const SpinePoint centre = ganglion_point(anatomy, level, side);
  const Rays rays = cast_rays(anatomy, centre);
  measure.foramen_fat = {};
  for (int i = 0; i < kRays; ++i) {
    // Quarters centred on up, back, down and front; angle 0 points back, a quarter turn points up.
    constexpr int kQuarter = kRays / 4;
    const int quarter = ((i + kRays / 8) / kQuarter) % 4;
    constexpr std::array<size_t, 4> kIndex = {1, 0, 3, 2};
    measure.foramen_fat[kIndex[static_cast<size_t>(quarter)]] += rays.fat[static_cast<size_t>(i)] / kQuarter;
  }
  measure.nerve_area_mm2 = area_of(rays);
  measure.nerve_rest_area_mm2 = rest_area_mm2;
  measure.foramen_height_mm = free_reach(anatomy, centre, 1, 0) + free_reach(anatomy, centre, -1, 0);
  measure.foramen_width_mm = free_reach(anatomy, centre, 0, 1) + free_reach(anatomy, centre, 0, -1);
  measure.foramen_point = centre;
  measure.foramen = foramen_severity(measure.foramen_fat, measure.nerve_area_mm2 / rest_area_mm2);
}

}  // namespace lumbargrade::phantom
