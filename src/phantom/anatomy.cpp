#include "phantom/anatomy.h"

#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

constexpr double kBodyCortex_mm = 0.7;
constexpr double kEndplate_mm = 0.9;

double mix(double a, double b, double share) {
  return a + (b - a) * share;
}

}  // namespace

Anatomy::Anatomy(const PatientPlan& plan, double field_tesla)
    : Anatomy(plan, field_tesla, plan.sac_end_s, plan.bodies[kBodyCount - 1].centre_s + 40) {}

Anatomy::Anatomy(const PatientPlan& plan, double field_tesla, double sac_low_s, double sac_high_s)
    : plan_(plan), noise_(Stream{plan.noise_key}) {
  for (size_t j = 0; j < kDiscCount; ++j) {
    facet_normal_[j] = {std::cos(plan.discs[j].facet_angle_rad), std::sin(plan.discs[j].facet_angle_rad)};
  }
  make_tissues(field_tesla);
  make_sections();
  make_processes();
  make_nerves();
  make_fibres();
  sac_low_s_ = std::max(sac_low_s, plan_.sac_end_s);
  sac_count_ = static_cast<size_t>(std::max(0.0, sac_high_s - sac_low_s_) + 1);
  make_sac();
}

void Anatomy::set_lesions(int disc, const DiscPlan& lesions, bool with_sac) {
  plan_.discs[static_cast<size_t>(disc)] = lesions;
  make_processes();
  make_nerves();
  if (with_sac) make_sac();
}

void Anatomy::make_tissues(double field_tesla) {
  for (int i = 0; i < kLabelCount; ++i) tissues_.push_back(standard_tissue(static_cast<Label>(i), field_tesla));
  for (const BodyPlan& body : plan_.bodies) {
    tissues_.push_back(marrow_tissue(body.sacral ? Label::Sacrum : Label::Vertebra, body.fat_share, field_tesla));
  }
  for (const DiscPlan& disc : plan_.discs) {
    tissues_.push_back(disc_tissue(disc.pfirrmann, 1, field_tesla));
    tissues_.push_back(disc_tissue(disc.pfirrmann, 0.35, field_tesla));
  }
  // A hemangioma is fat and slow blood: bright in both contrasts.
  Tissue hemangioma = marrow_tissue(Label::Vertebra, 0.75, field_tesla);
  hemangioma.t2_ms = 110;
  tissues_.push_back(hemangioma);
  Tissue fatty = standard_tissue(Label::Muscle, field_tesla);
  fatty.fat_share = 0.35;
  tissues_.push_back(fatty);
}

void Anatomy::make_sections() {
  const double high_s = plan_.bodies[kBodyCount - 1].centre_s + 60;
  const auto count = static_cast<size_t>((high_s - plan_.low_s) / kRow_mm) + 1;
  sections_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const double s = plan_.low_s + kRow_mm * static_cast<double>(i);
    Section& row = sections_[i];
    while (row.disc + 1 < kDiscCount && s > plan_.bodies[static_cast<size_t>(row.disc) + 1].centre_s) ++row.disc;
    const auto j = static_cast<size_t>(row.disc);
    const BodyPlan& below = plan_.bodies[j];
    const BodyPlan& above = plan_.bodies[j + 1];
    // Outline: straight through each body and each disc.
    if (s < below.centre_s + below.height_mm / 2) {
      const double share = std::clamp((s - below.centre_s) / below.height_mm + 0.5, 0.0, 1.0);
      row.half_width = mix(below.half_width_lower_mm, below.half_width_upper_mm, share);
      row.half_depth = mix(below.half_depth_lower_mm, below.half_depth_upper_mm, share);
    } else if (s > above.centre_s - above.height_mm / 2) {
      const double share = std::clamp((s - above.centre_s) / above.height_mm + 0.5, 0.0, 1.0);
      row.half_width = mix(above.half_width_lower_mm, above.half_width_upper_mm, share);
      row.half_depth = mix(above.half_depth_lower_mm, above.half_depth_upper_mm, share);
    } else {
      const double share = (s - below.centre_s - below.height_mm / 2) / plan_.discs[j].height_mm;
      row.half_width = mix(below.half_width_upper_mm, above.half_width_lower_mm, share);
      row.half_depth = mix(below.half_depth_upper_mm, above.half_depth_lower_mm, share);
    }
    const double share = std::clamp((s - below.centre_s) / (above.centre_s - below.centre_s), 0.0, 1.0);
    row.canal_width = mix(below.canal_width_mm, above.canal_width_mm, share);
    row.canal_depth = mix(below.canal_depth_mm, above.canal_depth_mm, share);
    row.sac_width = mix(below.sac_width_mm, above.sac_width_mm, share);
    row.sac_depth = mix(below.sac_depth_mm, above.sac_depth_mm, share);
    const double slip_share = smooth_step(-1, 1, (s - plan_.discs[j].centre_s) / plan_.discs[j].height_mm);
    for (size_t body = 0; body <= j; ++body) row.slip += plan_.bodies[body].slip_mm;
    row.slip += slip_share * above.slip_mm;
  }
  // The canal's front is smooth: the ligament bridges the bodies.
  constexpr int kHalf = 8;
  for (size_t i = 0; i < count; ++i) {
    double sum = 0;
    int used = 0;
    for (size_t k = i < kHalf ? 0 : i - kHalf; k <= std::min(count - 1, i + kHalf); ++k, ++used) {
      sum += sections_[k].half_depth;
    }
    sections_[i].wall_v = 0.97 * sum / used;
  }
}

const Anatomy::Section& Anatomy::section(double s) const {
  const double position = std::clamp((s - plan_.low_s) / kRow_mm, 0.0, static_cast<double>(sections_.size() - 1));
  return sections_[static_cast<size_t>(std::lround(position))];
}

double Anatomy::column_outline(const Section& row, double u, double v) const {
  // An ellipse whose back is cut by a slightly hollow wall.
  const double outline = ellipse(u, v, row.half_width, v > 0 ? 1.12 * row.half_depth : row.half_depth);
  const double wall = row.wall_v + std::min(0.004 * u * u, 1.2);
  return std::max(outline, v - wall);
}

double Anatomy::upper_endplate_s(int body, double u, double v) const {
  const auto i = static_cast<size_t>(body);
  const BodyPlan& here = plan_.bodies[i];
  const double wedge = body < kDiscCount ? plan_.discs[i].wedge : 0;
  const double hollow = 1 - square(u / here.half_width_upper_mm) - square(v / here.half_depth_upper_mm);
  return here.centre_s + here.height_mm / 2 + wedge * v - (body <= kS1 ? 0.6 : 1.0) * std::max(0.0, hollow);
}

double Anatomy::lower_endplate_s(int body, double u, double v) const {
  const auto i = static_cast<size_t>(body);
  const BodyPlan& here = plan_.bodies[i];
  if (body == 0) return here.centre_s - here.height_mm / 2;
  const DiscPlan& disc = plan_.discs[i - 1];
  const double hollow = 1 - square(u / here.half_width_lower_mm) - square((v - 2) / here.half_depth_lower_mm);
  double surface =
      here.centre_s - here.height_mm / 2 - disc.wedge * v + (body <= kS1 ? 0.4 : 2.0) * std::max(0.0, hollow);
  if (disc.schmorl_depth_mm > 0) {
    const double away = square(u - disc.schmorl_u) + square(v - disc.schmorl_v);
    surface += disc.schmorl_depth_mm / square(1 + away / 40);
  }
  return surface;
}

double Anatomy::body_distance(int body, const Section& row, double s, double u, double v) const {
  const auto i = static_cast<size_t>(body);
  const BodyPlan& here = plan_.bodies[i];
  const double upper = upper_endplate_s(body, u, v);
  const double lower = lower_endplate_s(body, u, v);
  const double tau = std::clamp((2 * s - upper - lower) / (upper - lower), -1.0, 1.0);
  // Waist of about a tenth; osteophytes lengthen the rims.
  const double waist = (here.sacral ? 0.02 : 0.10) * (1 - tau * tau) * std::min(row.half_width, 20.0);
  double lip = 0;
  if (body < kDiscCount) lip += plan_.discs[i].lip_mm * bell(upper - s, 1.6);
  if (body > 0) lip += plan_.discs[i - 1].lip_mm * bell(s - lower, 1.6);
  const double back_waist = v > 0 ? 0.6 * waist : waist;
  const double outline = column_outline(row, u, v) + (v > 0.5 * row.half_depth ? back_waist - 0.5 * lip : waist - lip);
  return std::max(outline, std::max(s - upper, lower - s));
}

double Anatomy::disc_distance(int disc, const Section& row, double s, double u, double v) const {
  const DiscPlan& here = plan_.discs[static_cast<size_t>(disc)];
  const SideLesion& side = here.side[u > 0 ? 0 : 1];
  const double au = std::abs(u);
  const double beyond = std::max(0.0, std::abs(s - here.centre_s) - 0.35 * here.height_mm);
  double reach = here.bulge_mm * bell(beyond, 2);
  if (v > 0) {
    // Protrusions as bells over the posterior margin; material may pass the endplates by a few mm.
    const double canal_half = 0.5 * row.canal_width;
    double pushed = 0;
    if (here.central_mm > 0) pushed += here.central_mm * bell(u - here.central_offset_mm, 4.5);
    if (side.paracentral_mm > 0) pushed += side.paracentral_mm * bell(au - canal_half + 3.5, 3.5);
    reach += pushed * bell(beyond, 3);
  }
  const double outline = column_outline(row, u, v) - reach;
  return std::max(outline, beyond - 7);
}

double Anatomy::column_distance(const Section& row, double s, double u, double v) const {
  const int j = row.disc;
  const double bodies = std::min(body_distance(j, row, s, u, v), body_distance(j + 1, row, s, u, v));
  return std::min(bodies, disc_distance(j, row, s, u, v));
}

Material Anatomy::disc_material(int disc, const Section& row, double s, double u, double v) const {
  const DiscPlan& here = plan_.discs[static_cast<size_t>(disc)];
  const double across = std::sqrt(square(u / row.half_width) + square((v - 1) / row.half_depth));
  const double along = std::abs(s - here.centre_s) / (here.height_mm / 2);
  // Nucleus: 64 % of the disc's length at L4/5 (NPU). The cleft in its middle marks the second Pfirrmann grade.
  if (square(across / 0.66) + square(along / 0.95) < 1) {
    const bool cleft = here.pfirrmann > 1.6 && along < 0.13 && across < 0.45;
    return cleft ? inner_annulus(disc) : nucleus(disc);
  }
  if (square(across / 0.83) + square(along / 1.15) < 1) return inner_annulus(disc);
  return standard(Label::Annulus);
}

std::optional<Material> Anatomy::column_material(const Section& row, double s, double u, double v) const {
  const int j = row.disc;
  for (int body : {j, j + 1}) {
    const double distance = body_distance(body, row, s, u, v);
    if (distance > 0) continue;
    const BodyPlan& here = plan_.bodies[static_cast<size_t>(body)];
    const double to_disc = std::min(upper_endplate_s(body, u, v) - s, s - lower_endplate_s(body, u, v));
    if (to_disc < kEndplate_mm || distance > -kBodyCortex_mm) return standard(Label::Cortex);
    if (here.hemangioma_radius_mm > 0) {
      const double away = square(s - here.centre_s - here.hemangioma_spine.x()) +
                          square(u - here.hemangioma_spine.y()) + square(v - here.hemangioma_spine.z());
      if (away < square(here.hemangioma_radius_mm)) return hemangioma();
    }
    // The basivertebral vein enters the middle of the posterior wall.
    const double into = row.wall_v - v;
    if (!here.sacral && into < 9 && std::abs(s - here.centre_s) < 2.2 - 0.18 * into && std::abs(u) < 5 - 0.35 * into) {
      return standard(Label::BasivertebralVein);
    }
    return marrow(body);
  }
  if (disc_distance(j, row, s, u, v) > 0) return std::nullopt;
  if (j < kS1 && !(j == kS1 - 1 && plan_.rudimentary_s1s2)) return standard(Label::Cortex);
  return disc_material(j, row, s, u, v);
}

Material Anatomy::at(const SpinePoint& point) const {
  const double s = point.s;
  const Section& row = section(s);
  const double u = point.u;
  const double v = point.v + row.slip;
  const double au = std::abs(u);
  if (au < row.half_width + 10 && v > -row.half_depth - 6 && v < row.wall_v + 14) {
    if (const auto found = column_material(row, s, u, v)) return *found;
  }
  if (v > row.wall_v - 12 && v < row.wall_v + row.canal_depth + 45 && au < 56) {
    if (const auto found = arch_material(row, s, u, v)) return *found;
  }
  if (s < 6) {
    if (const auto found = sacrum_material(row, s, u, v)) return *found;
  }
  if (v > row.wall_v - 3 && v < row.wall_v + row.canal_depth + 2 && au < row.canal_width / 2 + 1) {
    if (const auto found = canal_material(row, s, u, v)) return *found;
  }
  if (au < 50 && v > -20 && v < row.wall_v + 16) {
    if (const auto found = nerve_material(s, u, v)) return *found;
    if (const auto found = foramen_lesion_material(s, u, v)) return *found;
    // Between pedicles, behind the column and before the facets: the foramen's fat.
    if (ellipse(au, v - row.wall_v - 2, row.canal_width / 2 + 13, 12) < 0) {
      return standard(Label::EpiduralFat);
    }
  }
  return soft_material(row, s, point.u, point.v);
}

}  // namespace lumbargrade::phantom
