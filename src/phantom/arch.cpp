// Posterior elements: pedicles, laminae, articular, transverse and spinous processes, flavum and facet joints.
#include "phantom/anatomy.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

constexpr double kFar = 1e3;
constexpr double kArchCortex_mm = 0.9;

double pedicle_s(const BodyPlan& body) {
  return body.centre_s + 0.2 * body.height_mm;
}

}  // namespace

double Anatomy::roof_v(const Section& row, double u) const {
  const double x = std::abs(u) / (0.5 * row.canal_width);
  return row.wall_v + row.canal_depth * (1 - 0.15 * x - 0.3 * x * x);
}

double Anatomy::flavum_depth(const Section& row, double s, double u) const {
  const DiscPlan& disc = plan_.discs[static_cast<size_t>(row.disc)];
  const double along = std::abs(s - disc.centre_s + 1);
  if (along > 14 || row.disc < kS1) return 0;
  // It thickens most beside the midline, less where it becomes the joint's capsule.
  const double au = std::abs(u);
  const double half = 0.5 * row.canal_width;
  const double thickness =
      disc.flavum_rest_mm + disc.side[u > 0 ? 0 : 1].flavum_mm * (1 - 0.5 * smooth_step(half - 7, half - 2, au));
  // The two halves meet in the midline with a cleft that holds fat and veins.
  const double midline = std::min(1.0, 0.25 + au / 4);
  return thickness * midline * (1 - smooth_step(8, 14, along));
}

void Anatomy::make_processes() {
  for (int body = 0; body < kBodyCount; ++body) {
    const auto i = static_cast<size_t>(body);
    const BodyPlan& here = plan_.bodies[i];
    processes_[i] = {};
    if (body >= kS1 && body < kDiscCount) make_superior_process(here, plan_.discs[i], facet_normal_[i], processes_[i]);
    if (body > kS1) make_inferior_process(here, plan_.discs[i - 1], facet_normal_[i - 1], processes_[i]);
    const Section& row = section(pedicle_s(here));
    if (body >= kS1 && here.transverse_half_span_mm > 0) {
      // Transverse process, or the rib's neck above.
      const double s = pedicle_s(here);
      const Spot base{s, 0.5 * row.canal_width + here.pedicle_width_mm * 0.8, row.wall_v + 10};
      const Spot tip{s + (here.ribs ? -3 : 2), here.transverse_half_span_mm, row.wall_v + (here.ribs ? 18 : 15)};
      processes_[i].transverse = Capsule(base, tip, plan_.transitional && body == kL5 ? 7.5 : 3.6);
    }
  }
}

void Anatomy::make_superior_process(const BodyPlan& body, const DiscPlan& disc, const std::array<double, 2>& normal,
                                    Processes& made) const {
  const double tip = disc.centre_s + 6;
  const Section& row = section(disc.centre_s);
  const double half = 0.5 * row.canal_width;
  const double wall = row.wall_v;
  const Spot top{tip, half + 3.5 + 5.6 * normal[0], wall + 16.5 - 5.6 * normal[1]};
  const Spot root{pedicle_s(body) + 2, half + 6, wall + 11};
  made.superior_low_s = pedicle_s(body) - 8;
  made.superior_high_s = tip + 12;
  made.superior = Capsule(root, top, 4.6 * disc.facet_size);
  for (Side side : kSides) {
    const double grown = disc.side[index_of(side)].facet_medial_mm;
    if (grown <= 0) continue;
    const Spot spur_low{disc.centre_s - 5, half + 3 - grown, wall + 9.5 - 0.5 * grown};
    const Spot spur_high{disc.centre_s + 3, half + 3 - grown, wall + 9.5 - 0.5 * grown};
    made.spur[index_of(side)] = Capsule(spur_low, spur_high, std::min(3.2, 1 + grown));
  }
}

void Anatomy::make_inferior_process(const BodyPlan& body, const DiscPlan& disc, const std::array<double, 2>& normal,
                                    Processes& made) const {
  const Section& at_pedicle = section(body.centre_s);
  const Section& at_disc = section(disc.centre_s);
  const Spot top{pedicle_s(body), 0.5 * at_pedicle.canal_width + 5, at_pedicle.wall_v + 15};
  const double joint_u = 0.5 * at_disc.canal_width + 3.5 - 5.6 * normal[0];
  const double joint_v = at_disc.wall_v + 16.5 + 5.6 * normal[1];
  made.inferior_low_s = disc.centre_s - 18;
  made.inferior_high_s = body.centre_s + 14;
  made.inferior = Capsule(top, {disc.centre_s - 8, joint_u, joint_v}, 4.7 * disc.facet_size);
}

double Anatomy::superior_process(int body, double s, double u, double v) const {
  const Processes& here = processes_[static_cast<size_t>(body)];
  if (s > here.superior_high_s || s < here.superior_low_s || std::abs(u) > 34) return kFar;
  const Capsule& spur = here.spur[u > 0 ? 0 : 1];
  const double distance = here.superior.distance(s, std::abs(u), v);
  return spur.radius > 0 ? std::min(distance, spur.distance(s, std::abs(u), v)) : distance;
}

double Anatomy::inferior_process(int body, double s, double u, double v) const {
  const Processes& here = processes_[static_cast<size_t>(body)];
  if (s > here.inferior_high_s || s < here.inferior_low_s || std::abs(u) > 34) return kFar;
  return here.inferior.distance(s, std::abs(u), v);
}

double Anatomy::body_arch_distance(int body, const Section& row, double s, double u, double v) const {
  const auto i = static_cast<size_t>(body);
  const BodyPlan& here = plan_.bodies[i];
  if (s > here.centre_s + 0.9 * here.height_mm + 12 || s < here.centre_s - 1.6 * here.height_mm) return kFar;
  const double au = std::abs(u);
  const double half = 0.5 * row.canal_width;
  const double sp = pedicle_s(here);
  const double wall = row.wall_v;
  double distance = kFar;
  // Pedicle.
  if (std::abs(s - sp) < here.pedicle_height_mm && v < wall + 16) {
    const double centre_u = half + here.pedicle_width_mm / 2 + (v - wall) * here.pedicle_slope;
    const double across = (au - centre_u) / std::sqrt(1 + square(here.pedicle_slope));
    const double round = ellipse(across, s - sp, here.pedicle_width_mm / 2, here.pedicle_height_mm / 2);
    distance = std::max(round, std::max(wall - 7 - v, v - wall - 13));
  }
  if (body < kS1) return distance;
  const Capsule& transverse = processes_[i].transverse;
  if (transverse.radius > 0 && std::abs(s - sp) < 16 && au > half) {
    distance = std::min(distance, transverse.distance(s, au, v));
  }
  // Lamina: a roof that slopes backwards as it goes down.
  const double behind = v - roof_v(row, u);
  if (behind > -8 && behind < 16 && au < half + 8) {
    const double along = s - here.centre_s + 0.5 * std::clamp(behind, 0.0, 7.0);
    const double plate = std::max(std::abs(behind - 3.2) - 3.0, au - half - 4);
    distance =
        std::min(distance, std::max(plate, std::max(along - 0.16 * here.height_mm, -0.62 * here.height_mm - along)));
  }
  // Spinous process.
  if (au < 10 && behind > 0) {
    const double reach = here.spinous_length_mm;
    const double out = behind / reach;
    const double centre = here.centre_s - 0.38 * here.height_mm - 0.12 * behind;
    const double half_height = (0.30 + 0.08 * out) * here.height_mm;
    const double half_thick = 2.6 + 1.8 * out * out;
    const double plate = std::max(ellipse(au, s - centre, half_thick, half_height), behind - reach);
    distance = std::min(distance, plate);
  }
  return distance;
}

Anatomy::Bone Anatomy::arch_distance(const Section& row, double s, double u, double v) const {
  Bone nearest{kFar, row.disc};
  for (int body : {row.disc, row.disc + 1}) {
    const double here = std::min(
        {body_arch_distance(body, row, s, u, v), inferior_process(body, s, u, v), superior_process(body, s, u, v)});
    if (here < nearest.distance) nearest = {here, body};
  }
  return nearest;
}

double Anatomy::obstacle_distance(const Section& row, double s, double u, double v) const {
  const double bone = std::min(column_distance(row, s, u, v), arch_distance(row, s, u, v).distance);
  const double flavum = 0.85 * (roof_v(row, u) - flavum_depth(row, s, u) - v);
  double nearest = std::min(bone, flavum);
  const DiscPlan& disc = plan_.discs[static_cast<size_t>(row.disc)];
  const double cyst = disc.side[u > 0 ? 0 : 1].cyst_radius_mm;
  if (cyst > 0) {
    const double away = std::sqrt(square(s - disc.centre_s) + square(std::abs(u) - 0.5 * row.canal_width + 2) +
                                  square(v - row.wall_v - 11));
    nearest = std::min(nearest, away - cyst);
  }
  return nearest;
}

std::optional<Material> Anatomy::arch_material(const Section& row, double s, double u, double v) const {
  const int j = row.disc;
  if (std::abs(u) > 10 && v > row.wall_v + 34) return std::nullopt;  // behind joints and laminae
  const double superior = superior_process(j, s, u, v);
  const double inferior = inferior_process(j + 1, s, u, v);
  // The joint's gap lies where the two processes would overlap or nearly touch.
  const double gap = superior - inferior;
  if (superior < 1.3 && inferior < 1.3 && std::abs(gap) < 1.4) return standard(Label::Joint);
  const Bone bone = arch_distance(row, s, u, v);
  if (bone.distance < 0) {
    return bone.distance > -kArchCortex_mm ? standard(Label::Cortex) : marrow(bone.body);
  }
  const double au = std::abs(u);
  const DiscPlan& disc = plan_.discs[static_cast<size_t>(j)];
  const double cyst = disc.side[u > 0 ? 0 : 1].cyst_radius_mm;
  if (cyst > 0) {
    const double away =
        std::sqrt(square(s - disc.centre_s) + square(au - 0.5 * row.canal_width + 2) + square(v - row.wall_v - 11));
    if (away < cyst) return away > cyst - 0.6 ? standard(Label::Ligament) : standard(Label::Cyst);
  }
  const double behind = v - roof_v(row, u);
  const double flavum = flavum_depth(row, s, u);
  if (au < 0.5 * row.canal_width + 2 && behind < 1.5 && -0.85 * behind < flavum && flavum > 0.3) {
    return standard(Label::Flavum);
  }
  // Interspinous ligament, streaked with fat.
  if (au < 2.6 && behind > 1.5 && behind < 26 && j >= kS1) {
    const bool dark = noise_.at({s, 3 * u, v - 0.6 * s}, 3.2) > 0.05;
    return standard(dark ? Label::Ligament : Label::Fat);
  }
  if (au < 1.6 && behind > 24 && behind < 27 && j >= kS1) return standard(Label::Ligament);  // supraspinous
  return std::nullopt;
}

std::optional<Material> Anatomy::sacrum_material(const Section& row, double s, double u, double v) const {
  const double au = std::abs(u);
  const double depth = -s;  // below the upper endplate
  // The wings of the sacrum narrow downwards; the first slopes down from the body.
  const double half_span = 52 - 0.22 * std::max(0.0, depth - 20) - (depth > 60 ? 0.45 * (depth - 60) : 0);
  const double shoulder = 0.28 * (au - row.half_width) - 4;
  const bool in_wing = au > row.half_width - 3 && au < half_span && depth > shoulder && depth < 118 &&
                       v > -row.half_depth + 6 + 0.1 * depth - 8 && v < row.wall_v + row.canal_depth * 0.7 + 6;
  if (in_wing) {
    // Sacral foramina at the fused discs.
    const DiscPlan& disc = plan_.discs[static_cast<size_t>(row.disc)];
    if (row.disc < kS1 && square(s - disc.centre_s) + square(au - 0.5 * row.canal_width - 7) < 30) {
      return square(s - disc.centre_s) + square(au - 0.5 * row.canal_width - 7) < 9 ? standard(Label::ExitingNerve)
                                                                                    : standard(Label::EpiduralFat);
    }
    if (au < 0.5 * row.canal_width && v > row.wall_v) return std::nullopt;
    const double to_edge = std::min({half_span - au, depth - shoulder, row.wall_v + row.canal_depth * 0.7 + 6 - v});
    return to_edge < 1 ? standard(Label::Cortex) : marrow(kS1);
  }
  // Back wall of the sacral canal.
  const double behind = v - roof_v(row, u);
  if (depth > 12 && depth < 115 && behind > 0 && behind < 5 && au < 0.5 * row.canal_width + 5) {
    return behind < 1 || behind > 4 ? standard(Label::Cortex) : marrow(kS1 - 1);
  }
  return std::nullopt;
}

}  // namespace lumbargrade::phantom
