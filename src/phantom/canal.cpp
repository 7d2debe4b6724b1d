// The thecal sac with cord and cauda equina, and the nerves on their way out.
#include <numbers>

#include "phantom/anatomy.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

// Radii near the ganglion: L1 1.95, L2 1.55, L3 2.15, L4 2.55, L5 2.65, S1 2.7 (Clin Anat 31:782; FM a2021.0120); the
// ganglion is a little wider (PMC4337191: up to 6.5 at L5).
constexpr std::array<double, kBodyCount> kNerveRadius = {1.5, 1.5, 1.8, 2.2, 2.6, 2.6, 2.5,
                                                         2.2, 1.9, 1.8, 1.7, 1.6, 1.6, 1.6};

}  // namespace

double SacSection::radius_towards(double angle_rad) const {
  double position = angle_rad / kTwoPi * kAngles;
  if (position < 0) position += kAngles;
  const int low = static_cast<int>(position) % kAngles;
  const double share = position - std::floor(position);
  const double a = static_cast<double>(radius_mm[static_cast<size_t>(low)]);
  const double b = static_cast<double>(radius_mm[static_cast<size_t>((low + 1) % kAngles)]);
  return a + share * (b - a);
}

double SacSection::area_mm2() const {
  double sum = 0;
  for (int i = 0; i < kAngles; ++i) {
    sum += static_cast<double>(radius_mm[static_cast<size_t>(i)]) *
           static_cast<double>(radius_mm[static_cast<size_t>((i + 1) % kAngles)]);
  }
  return 0.5 * std::sin(kTwoPi / kAngles) * sum;
}

SacSection Anatomy::make_sac_section(double s) const {
  const Section& row = section(s);
  const double taper = std::min(1.0, std::sqrt(std::max(0.0, s - plan_.sac_end_s) / 14));
  const double half_width = 0.5 * row.sac_width * taper;
  const double half_depth = 0.5 * row.sac_depth * taper;
  // The sac lies against the column down to L5 and leaves it towards S2, where fat fills the front.
  const double front_gap = 0.7 + 3.5 * smooth_step(12, -22, s) + 1.6 * (1 - taper);
  SacSection sac;
  double free_low = row.wall_v - 3;
  double free_high = row.wall_v + front_gap + 2 * half_depth;
  // What is free in the midline; the sac's middle lies there.
  double v = 0.5 * (row.wall_v + free_high);
  for (int i = 0; i < 24 && obstacle_distance(row, s, 0, v) < 0.5; ++i) v += 0.5;
  double low = v;
  while (low > free_low && obstacle_distance(row, s, 0, low) > 0.2) low -= 0.4;
  low = std::max(low, row.wall_v + front_gap);
  sac.centre_v = 0.5 * (low + free_high);
  const double own_v = row.wall_v + front_gap + half_depth;
  for (int i = 0; i < SacSection::kAngles; ++i) {
    const double angle = kTwoPi * i / SacSection::kAngles;
    const double du = std::cos(angle);
    const double dv = std::sin(angle);
    double radius = 0;
    for (int step = 0; step < 60; ++step) {
      const double u = radius * du;
      const double at_v = sac.centre_v + radius * dv;
      const double own = -ellipse(u, at_v - own_v, half_width, half_depth);
      const double room = std::min(own, obstacle_distance(row, s, u, at_v) - 0.3);
      if (room < 0.02) break;
      radius += std::clamp(0.8 * room, 0.03, 2.0);
    }
    sac.radius_mm[static_cast<size_t>(i)] = static_cast<float>(radius);
  }
  return sac;
}

void Anatomy::make_sac() {
  sac_.resize(sac_count_);
  for (size_t i = 0; i < sac_count_; ++i) sac_[i] = make_sac_section(sac_low_s_ + static_cast<double>(i));
}

void Anatomy::make_fibres() {
  // Root fibres of the cauda equina: a motor and a sensory one per side and level (SC: about 2 mm together).
  Stream stream{plan_.noise_key, 77};
  for (int body = kS1 - 4; body <= kL1; ++body) {
    for (int k = 0; k < 4; ++k) {
      const double side = k < 2 ? 0 : std::numbers::pi;
      // Lower roots lie further back and nearer to the midline.
      const double down = 0.25 + 0.11 * (kL1 - body) + stream.uniform(-0.1, 0.1);
      const double angle = side == 0 ? down : std::numbers::pi - down;
      const double depth =
          std::clamp(0.82 - 0.05 * (kL1 - body) * stream.uniform() - stream.uniform(0, 0.35), 0.15, 0.85);
      fibres_.push_back({angle * (plan_.dorsal_roots > 0.5 ? 1 : 0.9), depth, stream.uniform(0.6, 0.95),
                         plan_.bodies[static_cast<size_t>(body)].centre_s - 2});
    }
  }
}

std::optional<SacSection> Anatomy::sac(double s) const {
  const double position = s - sac_low_s_;
  if (position < 0 || position >= static_cast<double>(sac_.size()) - 1) return std::nullopt;
  const auto low = static_cast<size_t>(position);
  const double share = position - static_cast<double>(low);
  const SacSection& a = sac_[low];
  const SacSection& b = sac_[low + 1];
  SacSection between;
  between.centre_v = a.centre_v + share * (b.centre_v - a.centre_v);
  for (size_t i = 0; i < SacSection::kAngles; ++i) {
    between.radius_mm[i] = a.radius_mm[i] + static_cast<float>(share) * (b.radius_mm[i] - a.radius_mm[i]);
  }
  return between;
}

Material Anatomy::sac_material(const SacSection& section, double s, double u, double v, double limit_mm) const {
  const double dv = v - section.centre_v;
  const double reach = std::sqrt(u * u + dv * dv);
  if (reach > limit_mm - kDura_mm) return standard(Label::Ligament);
  // Cord down to the conus, shrinking to the filum over 30 mm.
  const double above = s - plan_.conus_s;
  if (above > -2) {
    const double grown = std::min(1.0, std::sqrt(std::max(0.02, (above + 2) / 30)));
    if (square(u / (4.6 * grown)) + square((dv - 1) / (3.6 * grown)) < 1) return standard(Label::Cord);
  }
  for (const RootFibre& fibre : fibres_) {
    if (s < fibre.ends_s) continue;
    // A fibre swings from its place in the bundle to the front corner, where it leaves.
    const double leaving = 1 - smooth_step(0, 32, s - fibre.ends_s);
    const double out_angle = fibre.angle_rad < std::numbers::pi / 2 ? -0.35 : std::numbers::pi + 0.35;
    const double at_angle = fibre.angle_rad + leaving * (out_angle - fibre.angle_rad);
    const double limit = section.radius_towards(at_angle < 0 ? at_angle + kTwoPi : at_angle);
    const double at = std::max(0.0, std::min(limit * (fibre.depth_share + leaving * (0.85 - fibre.depth_share)),
                                             limit - fibre.radius_mm - kDura_mm));
    if (square(u - at * std::cos(at_angle)) + square(dv - at * std::sin(at_angle)) < square(fibre.radius_mm)) {
      return standard(Label::NerveRoot);
    }
  }
  return standard(Label::Csf);
}

std::optional<Material> Anatomy::canal_material(const Section& row, double s, double u, double v) const {
  const double position = s - sac_low_s_;
  if (position >= 0 && position < static_cast<double>(sac_.size())) {
    const SacSection& nearest =
        sac_[static_cast<size_t>(position + 0.5 < static_cast<double>(sac_.size()) ? position + 0.5 : position)];
    const double dv = v - nearest.centre_v;
    const double half = 0.5 * row.sac_width + 1;
    if (std::abs(u) < half && std::abs(dv) < row.sac_depth) {
      double angle = std::atan2(dv, u);
      if (angle < 0) angle += kTwoPi;
      const double limit = nearest.radius_towards(angle);
      if (u * u + dv * dv < limit * limit) return sac_material(nearest, s, u, v, limit);
    }
  }
  if (const auto found = nerve_material(s, u, v)) return found;
  // Posterior longitudinal ligament on the column.
  if (std::abs(u) < 6 && v < row.wall_v + 0.9) return standard(Label::Ligament);
  return standard(Label::EpiduralFat);
}

double Anatomy::ganglion_radius_mm(int body) const {
  return 1.12 * kNerveRadius[static_cast<size_t>(body)] * plan_.size;
}

SpinePoint Anatomy::ganglion(int body, Side side) const {
  const BodyPlan& here = plan_.bodies[static_cast<size_t>(body)];
  const double radius = ganglion_radius_mm(body);
  const double lift = body > 0 ? plan_.discs[static_cast<size_t>(body) - 1].side[index_of(side)].root_lift_mm : 0;
  const double s = here.centre_s + 0.2 * here.height_mm - 0.5 * here.pedicle_height_mm - radius - 2.4 + lift;
  const Section& row = section(s);
  const double u = 0.5 * row.canal_width + 0.45 * std::min(here.pedicle_width_mm, 13.0);
  return {s, side == Side::Left ? u : -u, row.wall_v + 0.6};
}

std::optional<Material> Anatomy::foramen_lesion_material(double s, double u, double v) const {
  const Section& row = section(s);
  if (row.disc < kS1) return std::nullopt;
  const Side side = u > 0 ? Side::Left : Side::Right;
  const SideLesion& lesion = plan_.discs[static_cast<size_t>(row.disc)].side[index_of(side)];
  if (lesion.foraminal_mm <= 0 && lesion.facet_anterior_mm <= 0) return std::nullopt;
  const int body = row.disc + 1;
  const SpinePoint centre = ganglion(body, side);
  const double radius = ganglion_radius_mm(body);
  const double du = std::abs(u) - std::abs(centre.u);
  const double ds = s - centre.s;
  const double dv = v - centre.v;
  if (std::abs(du) > 9 || ds > radius + 5 || ds < -16 || std::abs(dv) > 12) return std::nullopt;
  // Rounded behind; towards its ends along the nerve the lesion flattens.
  if (square(du / 9) + square(std::max(0.0, dv + 4) / (radius + 7)) > 1) return std::nullopt;
  const double rounding = 0.07 * du * du;
  // Disc and osteophyte come from below and in front, the articular process from behind. Both surfaces of the disc are
  // curved: it thins out up the vertebra's wall and falls off backwards to its end.
  const double room = radius + 4 + rounding;
  const double front_v = lesion.foraminal_mm - room - square(std::max(0.0, ds)) / 12;
  const double backwards = std::clamp((dv - 1) / (radius + 1), 0.0, 1.0);
  const double top_s = lesion.foraminal_mm - room + 0.9 - 8 * (1 - std::sqrt(1 - square(backwards)));
  if (lesion.foraminal_mm > 0 && dv < radius + 2 && smooth_min(dv - front_v, ds - top_s, 2) < 0) {
    const bool edge = dv > front_v - 0.8 && ds > 0;
    return standard(edge ? Label::Cortex : Label::Annulus);
  }
  const double from_behind = ds < radius + 2 ? dv - (room - lesion.facet_anterior_mm) : 0;
  if (lesion.facet_anterior_mm > 0 && from_behind > 0)
    return from_behind < 1 ? standard(Label::Cortex) : marrow(row.disc);
  // Above, the thickened capsule and flavum close the gap under the pedicle.
  if (lesion.facet_anterior_mm > 0 && ds > room - 0.9 - lesion.facet_anterior_mm) return standard(Label::Flavum);
  return std::nullopt;
}

void Anatomy::make_nerves() {
  for (int body = 1; body < kBodyCount; ++body) {
    for (Side side : kSides) {
      const auto i = static_cast<size_t>(body);
      const BodyPlan& here = plan_.bodies[i];
      if (here.sac_width_mm < 1) continue;
      const SpinePoint bulb = ganglion(body, side);
      const double bulb_u = std::abs(bulb.u);
      const double squeezed = 1 - plan_.discs[i - 1].side[index_of(side)].nerve_squeeze;
      const double radius = kNerveRadius[i] * plan_.size;
      const double above_s = here.centre_s + here.height_mm / 2 + 6;
      const Section& leave = section(above_s);
      const Section& mid = section(here.centre_s);
      struct Knot {
        double s, u, v, radius;
      };
      // From the sac's front corner behind the disc above, through the lateral recess, round the pedicle into the
      // foramen.
      const std::array<Knot, 6> knots = {
          Knot{above_s, 0.5 * leave.sac_width + 0.5, leave.wall_v + 3.2, 1.25},
          Knot{here.centre_s + 0.2 * here.height_mm, 0.5 * mid.canal_width - 2.2, mid.wall_v + 3.2, 1.5},
          Knot{bulb.s + radius + 1, 0.5 * mid.canal_width + 0.8, mid.wall_v + 3.4, squeezed * 1.7},
          Knot{bulb.s - 0.5, bulb_u, bulb.v, squeezed * 1.12 * radius},
          Knot{bulb.s - 8, bulb_u + 8, bulb.v - 5, (0.5 + 0.5 * squeezed) * 0.9 * radius},
          Knot{bulb.s - 30, bulb_u + 17, bulb.v - 12, 0.8 * radius},
      };
      NerveTable& table = nerves_[i][index_of(side)];
      table.by_mm.clear();
      table.low_s = knots.back().s;
      size_t k = knots.size() - 2;
      for (double s = table.low_s; s < knots.front().s; s += 1) {
        while (k > 0 && s > knots[k].s) --k;
        const Knot& upper = knots[k];
        const Knot& lower = knots[k + 1];
        const double share = (s - lower.s) / (upper.s - lower.s);
        const double slope = (lower.u - upper.u) / (upper.s - lower.s);
        table.by_mm.push_back({lower.u + share * (upper.u - lower.u), lower.v + share * (upper.v - lower.v),
                               lower.radius + share * (upper.radius - lower.radius),
                               std::min(2.0, std::sqrt(1 + slope * slope))});
      }
    }
  }
}

std::optional<Anatomy::NervePoint> Anatomy::nerve(int body, Side side, double s) const {
  const NerveTable& table = nerves_[static_cast<size_t>(body)][index_of(side)];
  const double position = s - table.low_s;
  if (position < 0 || position + 1 >= static_cast<double>(table.by_mm.size())) return std::nullopt;
  const auto low = static_cast<size_t>(position);
  const double share = position - static_cast<double>(low);
  const NervePoint& a = table.by_mm[low];
  const NervePoint& b = table.by_mm[low + 1];
  return NervePoint{a.u + share * (b.u - a.u), a.v + share * (b.v - a.v), a.radius + share * (b.radius - a.radius),
                    a.stretch + share * (b.stretch - a.stretch)};
}

std::optional<Material> Anatomy::nerve_material(double s, double u, double v) const {
  const Side side = u > 0 ? Side::Left : Side::Right;
  const int disc = section(s).disc;
  for (int body = std::max(1, disc - 1); body <= std::min(kBodyCount - 1, disc + 2); ++body) {
    const auto at = nerve(body, side, s);
    if (!at) continue;
    const double du = (std::abs(u) - at->u) / at->stretch;
    if (square(du) + square(v - at->v) < square(at->radius)) return standard(Label::ExitingNerve);
  }
  return std::nullopt;
}

}  // namespace lumbargrade::phantom
