// Muscles, vessels, pelvis and the outline of the trunk.
#include "phantom/anatomy.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {

Material Anatomy::muscle_or_fat(double s, double u, double v, double fat_share) const {
  // Fat lies in streaks along the fibres; more of it near the spine.
  const double streak = noise_.at({2.2 * u, 1.6 * v, 0.35 * s}, 3.5) + 0.6 * noise_.at({u, v, 0.25 * s}, 9);
  const double threshold = 1.02 - 2.1 * fat_share;
  if (streak > threshold) return standard(Label::Fat);
  return streak > threshold - 0.25 ? fatty_muscle() : standard(Label::Muscle);
}

std::optional<Material> Anatomy::pelvis_material(double s, double u, double v) const {
  // The ilium: a plate from behind the sacroiliac joint forwards and outwards, up to the height of L4/5.
  const double au = std::abs(u);
  const double crest_s = plan_.discs[kL5].centre_s - 0.012 * square(au - 78);
  if (s > crest_s || au < 42) return std::nullopt;
  const double along = (52 - v) * 0.72;                     // distance from its back end
  const double centre_u = 46 + 0.75 * (52 - v) + 0.12 * s;  // the plate leans outwards as it goes up
  const double half_thick = 4.5 + 4 * bell(along - 10, 12);
  const double away = std::abs(au - centre_u) * 0.8 - half_thick;
  if (along < 0 || along > 80 || away > 0) return std::nullopt;
  return away > -1.3 || crest_s - s < 1.3 ? standard(Label::Cortex) : marrow(kS1);
}

std::optional<Material> Anatomy::flank_material(double s, double u, double v) const {
  const double au = std::abs(u);
  // Kidneys of 11 x 5.5 x 4.5 cm (textbook figures), upper poles nearer to the spine, the right one lower.
  const double along = s - plan_.discs[disc_of(Level::L1L2)].centre_s + (u < 0 ? 12 : 0);
  const double to_u = au - 60 + 0.22 * along;
  const double to_v = v - 3;
  const double radius = square(along / 55) + square(to_u / 27) + square(to_v / 22);
  if (radius < 1) {
    const bool sinus = square(along / 26) + square((to_u + 10) / 12) + square(to_v / 8) < 1;
    return standard(sinus ? Label::Fat : Label::Viscera);
  }
  // Lungs: deepest at the back, down to T12.
  const double floor_s = plan_.bodies[kT12].centre_s + 0.7 * std::max(0.0, 12 - v);
  if (s > floor_s - 3 && au > 34 && au < 115 && v < 24) return standard(s > floor_s ? Label::Air : Label::Muscle);
  return std::nullopt;
}

/// 0 at L1, 1 near S1.
double Anatomy::share_down(double s) const {
  const double up = plan_.bodies[kL1].centre_s;
  return std::clamp((up - s) / (up + 10), 0.0, 1.2);
}

/// Psoas: 15 and 9 cm2 in men and women at L4, slender at L1, forwards and outwards below L5.
std::optional<Material> Anatomy::psoas_material(const Section& row, double s, double u, double v) const {
  if (s >= plan_.bodies[kL1].centre_s + 25) return std::nullopt;
  const double down = share_down(s);
  const double grown = plan_.psoas_size * (8 + 11 * std::min(down, 0.85) - 6 * std::max(0.0, down - 0.85));
  const double to_u = std::abs(u) - (row.half_width + 0.72 * grown + 9 * std::max(0.0, down - 0.8));
  const double to_v = v - (4 - 9 * down - 45 * std::max(0.0, down - 0.9));
  if (inside_ellipse(to_u, to_v, 0.9 * grown, 1.15 * grown)) {
    return muscle_or_fat(s, u, v, 0.6 * plan_.muscle_fat_share);
  }
  if (inside_ellipse(to_u, to_v, 0.9 * grown + 3, 1.15 * grown + 3)) return standard(Label::Fat);
  return std::nullopt;
}

/// Erector spinae and multifidus in their sheath.
std::optional<Material> Anatomy::erector_material(const Section& row, double s, double u, double v) const {
  const double sheath = s < 20 ? 1 - 0.010 * (20 - s) : 1;
  if (sheath <= 0.2 || v <= row.wall_v + 6) return std::nullopt;
  const double to_u = std::abs(u) - 33 * sheath;
  const double to_v = v - (row.wall_v + row.canal_depth + 17 - (1 - sheath) * 14);
  if (!inside_ellipse(to_u, to_v, 33 * sheath, 27 * sheath)) return std::nullopt;
  if (!inside_ellipse(to_u, to_v, 33 * sheath - 0.8, 27 * sheath - 0.8)) return standard(Label::Ligament);
  // Cleft between multifidus and longissimus, and the fat that replaces the deep multifidus with age.
  const double cleft = std::abs(u) - 17 - 0.25 * to_v - 2.5 * noise_.at({s, v, 0}, 15);
  const double fat_half = 0.6 + 0.7 * noise_.at({s, v, u}, 8);
  if (std::abs(cleft) < fat_half) return standard(Label::Fat);
  if (std::abs(cleft) < fat_half + 1.2) return fatty_muscle();
  const double deep = cleft < 0 ? std::clamp(-to_v / 30, 0.0, 0.5) + 0.25 * std::max(0.0, share_down(s) - 0.5) : 0;
  return muscle_or_fat(s, u, v, plan_.muscle_fat_share * (1 + 1.5 * deep));
}

/// Aorta and vena cava in front of the spine, in their fat; then bowel and organs.
Material Anatomy::front_material(const Section& row, double s, double u, double v) const {
  const double front = -row.half_depth - v;
  const double fork_s = plan_.bodies[kL5 + 1].centre_s - 6;  // aortic bifurcation at L4 in 67-83 % (PMID 12497222)
  const double apart = std::max(0.0, fork_s - s) * 0.45;
  const double fork_radius = apart > 0 ? 0.7 : 1;
  const auto vessel = [&](double at_u, double at_front, double radius) {
    return std::sqrt(square(u - at_u) + square(front - at_front)) - radius * fork_radius;
  };
  const double nearest = std::min(
      {vessel(10 + apart, 13, 9.2), vessel(-15 - 0.8 * apart, 12, 10), apart > 0 ? vessel(4 - apart, 13, 9) : 1e3});
  if (nearest < 0) return standard(nearest > -1 ? Label::Ligament : Label::Vessel);
  const double behind_bowel = ellipse(u, v, 66, row.half_depth + 14) + 9 * noise_.at({u, v, s}, 23);
  if (nearest < 3 || behind_bowel < 0) return standard(Label::Fat);
  // Bowel and organs: blobs in fat.
  const double blob = noise_.at({u, v, s}, 19) + 0.35 * noise_.at({u, v, s}, 7);
  if (blob > 0.42) return standard(Label::Air);
  return standard(blob > -0.12 ? Label::Viscera : Label::Fat);
}

Material Anatomy::soft_material(const Section& row, double s, double u, double v) const {
  const double au = std::abs(u);
  if (const auto psoas = psoas_material(row, s, u, v)) return *psoas;
  if (const auto bone = pelvis_material(s, u, v)) return *bone;
  if (const auto erector = erector_material(row, s, u, v)) return *erector;
  // Quadratus lumborum, beside the psoas and in front of the erector.
  if (s > plan_.bodies[kL5].centre_s && inside_ellipse(au - 54, v - row.wall_v - 2, 24, 10)) {
    return muscle_or_fat(s, u, v, 0.5 * plan_.muscle_fat_share);
  }
  if (const auto organ = flank_material(s, u, v)) return *organ;
  if (s < 30 && s > -60 && inside_ellipse(au - 78, v - 34, 34, 36)) return muscle_or_fat(s, u, v, 0.12);  // gluteal
  if (v > row.wall_v + 20) {  // subcutaneous, with septa
    return standard(std::abs(noise_.at({u, 0.5 * v, s}, 11)) < 0.012 ? Label::Ligament : Label::Fat);
  }
  if (v > -8 && v > 6 + 12 * noise_.at({u, s, v}, 23)) return standard(Label::Fat);
  if (v < 0 && au < 16 && column_outline(row, u, v) < 1.1) {  // anterior longitudinal ligament
    return standard(column_distance(row, s, u, v) < 1.1 ? Label::Ligament : Label::Fat);
  }
  return front_material(row, s, u, v);
}

Trunk::Trunk(const PatientPlan& plan, const SpineCurve& curve)
    : half_width_mm_(plan.trunk_half_width_mm), depth_mm_(plan.trunk_depth_mm) {
  constexpr double kStep_mm = 4;
  low_z_ = curve.frame(curve.low_s()).centre_patient.z() - 120;
  const double high_z = curve.frame(curve.high_s()).centre_patient.z() + 120;
  const auto count = static_cast<size_t>((high_z - low_z_) / kStep_mm) + 1;
  std::vector<double> tips(count, -1e9);
  for (double s = curve.low_s(); s < curve.high_s(); s += 2) {
    const double behind = s > 0 ? 66 + 0.015 * s : 66 - 0.28 * std::min(-s, 90.0);
    const Vector3 tip = curve.patient_from_spine({s, 0, behind * plan.size});
    const double row = (tip.z() - low_z_) / kStep_mm;
    if (row >= 0 && row < static_cast<double>(count)) {
      double& y = tips[static_cast<size_t>(row)];
      y = std::max(y, tip.y());
    }
  }
  // Fill gaps from the neighbours, then smooth: skin bridges the hollows.
  for (size_t i = 1; i < count; ++i)
    if (tips[i] < -1e8) tips[i] = tips[i - 1];
  for (size_t i = count - 1; i > 0; --i)
    if (tips[i - 1] < -1e8) tips[i - 1] = tips[i];
  back_y_.resize(count);
  constexpr int kHalf = 10;
  for (size_t i = 0; i < count; ++i) {
    double sum = 0;
    double used = 0;
    for (size_t k = i < kHalf ? 0 : i - kHalf; k <= std::min(count - 1, i + kHalf); ++k, ++used) sum += tips[k];
    const double z = low_z_ + kStep_mm * static_cast<double>(i);
    const double sacral = smooth_step(40, -60, z - curve.frame(0).centre_patient.z());
    back_y_[i] = sum / used + plan.back_fat_mm * (1 + 0.9 * sacral);
  }
  centre_x_ = curve.frame(plan.bodies[kL1 - 2].centre_s).centre_patient.x();
}

double Trunk::back_y(double z) const {
  const double position = std::clamp((z - low_z_) / 4, 0.0, static_cast<double>(back_y_.size()) - 1.001);
  const auto low = static_cast<size_t>(position);
  const double share = position - static_cast<double>(low);
  return back_y_[low] + share * (back_y_[low + 1] - back_y_[low]);
}

std::optional<Label> Trunk::outside(const Vector3& point) const {
  const double x = point.x() - centre_x_;
  const double from_back = back_y(point.z()) - point.y();
  // The back is nearly flat and rounds off to the flanks; the belly is half an ellipse.
  const double edge = square(x / half_width_mm_);
  if (edge >= 1) return Label::Air;
  const double depth = from_back - (0.0016 * x * x) - 26 * edge * edge;
  if (depth < 0) return Label::Air;
  if (depth < 1.8) return Label::Skin;
  const double front = depth_mm_ * std::sqrt(1 - edge) - from_back;
  if (front < 0) return Label::Air;
  return front < 1.8 ? std::optional(Label::Skin) : std::nullopt;
}

}  // namespace lumbargrade::phantom
